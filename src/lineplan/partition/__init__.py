"""Units parted by holder: faces, the line of contact, border reconciliation, the proof."""

from __future__ import annotations

from lineplan.partition.partitioning import OnOverlap, Partition, Proof, partition

__all__ = ["OnOverlap", "Partition", "Proof", "partition"]

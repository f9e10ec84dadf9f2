"""XML that any reader takes, whatever stands in somebody's names."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, tostring

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(head: str, root: Element) -> str:
    """Return a document; characters that XML cannot hold become spaces."""
    return _NOT_XML.sub(" ", head + tostring(root, encoding="unicode"))

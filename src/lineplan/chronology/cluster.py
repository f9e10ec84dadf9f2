"""A Dask cluster as an executor: batches run on the machines that its workers are on."""

from __future__ import annotations

import logging
import pickle
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lineplan import __version__
from lineplan.errors import LineplanError

if TYPE_CHECKING:
    from distributed import Client

WAIT_S = 10.0
"""How long a scheduler, and its first worker, may let one wait."""
_SMALL_BYTES = 2_000
"""An argument that is no larger goes with every call."""


class ClusterExecutor(Executor):
    """Runs calls on the workers of a Dask cluster.

    What several calls share is sent to the scheduler once, and from there once to each worker. A
    call whose worker ends is run on another.

    Parameters
    ----------
    client : distributed.Client
    workers : iterable of str, optional
        Addresses; all workers when not given.
    """

    def __init__(self, client: Client, workers: Iterable[str] | None = None) -> None:
        chosen = {} if workers is None else {"workers": list(workers)}
        self._client = client
        self._calls = client.get_executor(pure=False, **chosen)
        self._sent: dict[int, tuple[Any, Any]] = {}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As of any executor; arguments by name are sent with the call."""
        return self._calls.submit(fn, *map(self._shared, args), **kwargs)

    def _shared(self, argument: Any) -> Any:
        """The argument itself, or what stands for it on the cluster."""
        if id(argument) not in self._sent:
            packed = pickle.dumps(argument)
            if len(packed) <= _SMALL_BYTES:
                return argument
            # A call, not data laid on a worker: it is made again where that worker ends.
            there = self._client.submit(pickle.loads, packed, pure=False)
            self._sent[id(argument)] = argument, there  # kept, so that no other has its id
        return self._sent[id(argument)][1]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what runs; cancel it where it is not to wait or is told to cancel."""
        self._calls.shutdown(wait=wait and not cancel_futures)
        self._sent.clear()


@contextmanager
def open_cluster(address: str) -> Iterator[ClusterExecutor]:
    """Lend the workers of a Dask cluster.

    Parameters
    ----------
    address : str
        Of the scheduler, ``tcp://HOST:PORT``.

    Yields
    ------
    ClusterExecutor
        Whatever has not run is cancelled when it is given back.

    Raises
    ------
    LineplanError
        distributed is not installed; there is no scheduler at that address or it has no workers;
        lineplan is missing there or is another one; too many workers have ended; the scheduler is
        gone.
    """
    try:
        from distributed import KilledWorker
    except ImportError:
        raise LineplanError(
            "a cluster needs distributed, which is not installed: pip install 'lineplan[cluster]'"
        ) from None
    for name in ("distributed", "distributed.client", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said once
    client = _connected(address)
    try:
        _check(client, address)
        executor = ClusterExecutor(client)
        try:
            yield executor
        except KilledWorker as fault:
            raise LineplanError(
                f"{address}: workers ended {fault.allowed_failures + 1} time(s) on the same days, "
                f"the last was {fault.last_worker.address} (killed, or out of memory?); look into "
                "its log, or give the workers more memory"
            ) from None
        except LineplanError:
            if client.status == "running":
                raise
            raise LineplanError(
                f"{address}: the scheduler is gone; start it anew and give the same command again, "
                "which goes on where this one stopped"
            ) from None
        finally:
            executor.shutdown(cancel_futures=True)
    finally:
        client.close(timeout=WAIT_S)


def _connected(address: str) -> Client:
    from distributed import Client
    from distributed.comm.addressing import get_address_host_port

    try:
        get_address_host_port(address, strict=True)  # a client of no address ends in a traceback
        return Client(address, timeout=WAIT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as fault:
        raise LineplanError(
            f"{address}: no Dask scheduler answers there ({fault}); give its address, such as "
            "tcp://HOST:8786"
        ) from None


def _check(client: Client, address: str) -> None:
    """LineplanError unless there is a worker, and this lineplan is on all of them."""
    try:
        client.wait_for_workers(1, timeout=WAIT_S)
    except TimeoutError:
        raise LineplanError(
            f"{address}: the scheduler has no workers; start some: dask worker {address}"
        ) from None
    import shapely

    found = {f"the scheduler {address}": _of_scheduler(client, "lineplan:__version__")}
    for what, name, own in (
        ("lineplan", "lineplan:__version__", __version__),
        ("GEOS", "shapely:geos_version_string", shapely.geos_version_string),
    ):
        # By a function of Python's own library, because nothing else is sure to be there.
        answers = client.run(pkgutil.resolve_name, name, on_error="return")
        found |= {f"the worker {worker}": version for worker, version in answers.items()}
        for where, version in found.items():
            if isinstance(version, Exception):
                raise LineplanError(f"{where}: {what} cannot be used there ({version}); install it")
            if version != own:
                raise LineplanError(
                    f"{where}: has {what} {version}, and here is {what} {own}; install the same "
                    "on both, so that figures do not depend on who computes them"
                )
        found = {}


def _of_scheduler(client: Client, name: str) -> Any:
    """What a name stands for on the scheduler, which reads what it passes on; or the fault."""
    try:
        return client.run_on_scheduler(pkgutil.resolve_name, name)
    except ImportError as fault:
        return fault

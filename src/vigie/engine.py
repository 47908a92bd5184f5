"""Where heavy work runs: here, in processes of this machine, or on a Dask cluster. One ``map``, the same answers.

``Engine.map`` keeps the order of the items and has only so many of them under way, so that neither items nor results
pile up. Work must be a module's function of one picklable item, without a memory of what came before; then a worker
that dies costs only time: its items are done again.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from vigie.errors import ConfigError, VigieError

_log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

ATTEMPTS = 5
"""how often an item is begun anew after the death of workers, before it is taken for their killer"""


class Engine(Protocol):
    """Something that does work. A context manager: leaving it ends its processes."""

    workers: int

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results of ``function``, in the order of the items. Raises what the function raises."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Builtin:
    """This process, one item after another."""

    workers = 1

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """As the built-in ``map``."""
        return map(function, items)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Over:
    """Any ``concurrent.futures.Executor`` that looks after its own workers."""

    def __init__(self, executor: Executor, workers: int, close: Callable[[], None] | None = None) -> None:
        """``close``: what is called at the end, by default the executor's ``shutdown``."""
        self.workers = max(workers, 1)
        self._executor = executor
        self._close = close or (lambda: executor.shutdown(wait=True, cancel_futures=True))

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """In order, at most three items a worker under way."""
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(self._executor.submit(function, item))
                if len(waiting) >= 3 * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


class Pool:
    """Processes of this machine. When one dies they are all started anew, and what was under way is done again."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ConfigError(f"{workers} workers: at least one is needed")
        self.workers = workers
        self.rebuilt = 0
        """how often the processes had to be started anew"""
        self._pool = self._started()

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, multiprocessing.get_context("spawn"))

    @property
    def pids(self) -> list[int]:
        """Process numbers of the workers there are now."""
        return list(self._pool._processes or {})

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """In order, at most three items a worker under way. Raises VigieError when an item keeps killing its worker."""
        waiting: deque[_Begun[Item, Result]] = deque()
        try:
            for item in items:
                waiting.append(self._begin(function, item))
                if len(waiting) >= 3 * self.workers:
                    yield self._finished(function, waiting)
            while waiting:
                yield self._finished(function, waiting)
        finally:
            for begun in waiting:
                begun.future.cancel()

    def _begin(self, function: Callable[[Item], Result], item: Item) -> _Begun[Item, Result]:
        try:
            return _Begun(item, self._pool.submit(function, item))
        except BrokenProcessPool as error:  # found broken on sending: what waits is begun anew when it is asked for
            failed: Future[Result] = Future()
            failed.set_exception(error)
            return _Begun(item, failed)

    def _finished(self, function: Callable[[Item], Result], waiting: deque[_Begun[Item, Result]]) -> Result:
        """The result of the first item waiting, which leaves."""
        while True:
            try:
                result = waiting[0].future.result()
            except BrokenProcessPool:
                self._again(function, waiting)
                continue
            waiting.popleft()
            return result

    def _again(self, function: Callable[[Item], Result], waiting: deque[_Begun[Item, Result]]) -> None:
        first = waiting[0]
        first.attempts += 1
        if first.attempts > ATTEMPTS:
            raise VigieError(f"a worker died {ATTEMPTS} times over the same item of work: {str(first.item)[:80]}")
        _log.warning("a worker died: starting the workers anew, doing %d items of work again", len(waiting))
        self.rebuilt += 1
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._started()
        for begun in waiting:
            if _lost(begun.future):
                begun.future = self._pool.submit(function, begun.item)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


class _Begun(Generic[Item, Result]):
    """An item under way."""

    def __init__(self, item: Item, future: Future[Result]) -> None:
        self.item, self.future, self.attempts = item, future, 0


def _lost(future: Future[Any]) -> bool:
    """Whether no result will come of it because its worker died; an error of the work itself is a result."""
    return not future.done() or future.cancelled() or isinstance(future.exception(), BrokenProcessPool)


def cluster(address: str) -> Over:
    """A Dask cluster by its scheduler's address, such as tcp://10.0.0.1:8786. Raises ConfigError.

    Dask itself gives the items of a worker that dies to another.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise ConfigError("a cluster needs Dask: pip install 'vigie[cluster]'") from None
    try:
        client = distributed.Client(address, timeout="10s", set_as_default=False)
        workers = sum(info["nthreads"] for info in client.scheduler_info(n_workers=-1)["workers"].values())
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"--cluster {address}: no Dask scheduler answers there: {error}") from None
    if not workers:
        client.close()
        raise ConfigError(f"--cluster {address}: the scheduler has no workers")
    executor: Any = client.get_executor(pure=False, retries=2)
    return Over(executor, workers, client.close)


def open_engine(workers: int = 1, address: str | None = None) -> Engine:
    """The engine that options ask for: a cluster by its address, else processes, else this process."""
    if address is not None:
        return cluster(address)
    return Pool(workers) if workers > 1 else Builtin()

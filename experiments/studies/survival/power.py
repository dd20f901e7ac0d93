"""What a power cut leaves of a folder: what was synced, and of the rest what a lot decides."""

import os
import random
from dataclasses import dataclass
from itertools import count
from pathlib import Path

ROOT = 0  # the number of the folder itself
Place = tuple[int, str]  # the number of a folder, and a name in it


@dataclass(frozen=True, slots=True)
class Change:
    """Names that came, went or got something else in one step of the file system: all of it happens, or nothing."""

    names: dict[Place, int | None]  # the number of the file or folder that has the name now


class Disk:
    """Watches a folder while a process works in it, and can tell at any moment what the disk would hold after a power cut.

    Files and folders get numbers that are never given anew. A change of names is on the disk when a folder that it touches
    was synced after it; a file's bytes when the file was. All else may be there or not: each change of names by lot, or only
    the first ones; a file that was not synced is empty, cut off, or whole.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._numbers = count(ROOT + 1)
        self._alive: dict[int, int] = {root.stat().st_ino: ROOT}  # by inode
        self._folders = {ROOT}
        self._times: dict[int, int] = {}
        self._changes: list[Change] = []
        self._synced: dict[int, int] = {}  # folder -> how many changes there had been
        self._paths: dict[int, Path] = {}
        self._names = self._first = self._scan()
        self._bytes = {number: path.read_bytes() for number, path in self._paths.items() if path.is_file()}  # on the disk

    def note(self, *, together: bool) -> None:
        """See what has changed since; `together` where one call did it, else each name is a change of its own."""
        names = self._scan()
        places = names.keys() | self._names.keys()
        changed = {place: names.get(place) for place in sorted(places) if names.get(place) != self._names.get(place)}
        if together and changed:
            self._changes.append(Change(changed))
        elif changed:
            self._changes += [Change({place: number}) for place, number in changed.items()]
        self._names = names

    def sync(self, descriptor: int) -> None:
        """A process has synced a file or a folder."""
        self.note(together=False)
        number = self._alive.get(os.fstat(descriptor).st_ino)
        if number in self._folders:
            self._synced[number] = len(self._changes)
        elif number is not None:
            self._bytes[number] = self._paths[number].read_bytes()

    def cut(self, image: Path, rng: random.Random) -> None:
        """Write into `image` what the disk would hold if the power went now. Nothing else changes."""
        self.note(together=False)
        names = dict(self._first)
        share = rng.choice([0.0, 0.5, 1.0])
        stop = rng.randint(0, len(self._changes)) if rng.random() < 0.5 else None  # many file systems keep the order
        for position, change in enumerate(self._changes):
            safe = any(self._synced.get(folder, 0) > position for folder, _ in change.names)
            if safe or (rng.random() < share if stop is None else position < stop):
                names |= {place: number for place, number in change.names.items() if number is not None}
                for place in [place for place, number in change.names.items() if number is None]:
                    names.pop(place, None)
        self._write(ROOT, image, names, rng)

    def _write(self, folder: int, place: Path, names: dict[Place, int], rng: random.Random) -> None:
        place.mkdir()
        for (above, name), number in sorted(names.items()):
            if above != folder:
                continue
            if number in self._folders:
                self._write(number, place / name, names, rng)
            else:
                (place / name).write_bytes(self._draw_bytes(number, rng))
                os.utime(place / name, ns=(self._times[number],) * 2)

    def _draw_bytes(self, number: int, rng: random.Random) -> bytes:
        safe = self._bytes.get(number, b"")
        path = self._paths.get(number)
        present = path.read_bytes() if path else safe  # what has no name any more may have come back to it
        if present == safe:
            return safe
        if safe and present.startswith(safe):
            return present[: rng.randint(len(safe), len(present))]
        return rng.choice([safe, b"", present[: rng.randint(0, len(present))], present])

    def _scan(self) -> dict[Place, int]:
        """Who has which name now."""
        alive, names, paths = {self.root.stat().st_ino: ROOT}, {}, dict[int, Path]()
        open_folders = [(ROOT, self.root)]
        while open_folders:
            folder, path = open_folders.pop()
            for entry in os.scandir(path):
                status = entry.stat(follow_symlinks=False)
                number = alive.get(status.st_ino, self._alive.get(status.st_ino))
                if number is None or (number in self._folders) != entry.is_dir(follow_symlinks=False):
                    number = next(self._numbers)
                alive[status.st_ino] = number
                names[folder, entry.name] = number
                paths[number], self._times[number] = Path(entry.path), status.st_mtime_ns
                if entry.is_dir(follow_symlinks=False):
                    self._folders.add(number)
                    open_folders.append((number, Path(entry.path)))
        self._alive, self._paths = alive, paths
        return names

"""Compares the results of the same fits, inside and outside the container, with one thread and with two, bit by bit.

bits.py FOLDER, with files NAME-PLACE-THREADS.json (reports), .npz (arrays) and .manifest, from bits.sh.
"""

import collections
import hashlib
import json
import pathlib
import sys
import zipfile

# What may differ in a report: the device and its threads, times, the names of the files written, and the manifest,
# which has all of these in it and is compared by itself.
VOLATILE = {"device", "manifest", "out", "threads", "seconds"}


def leaves(value, path=""):
    """Yields (path, text) for each number and word of a report. Numbers stay as they were written."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in VOLATILE and not key.endswith("seconds"):
                yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{place}")
    else:
        yield path, repr(value)


def report(file):
    text = file.read_text()
    return dict(leaves(json.loads(text, parse_float=str)))


def arrays(file):
    with zipfile.ZipFile(file) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def manifest(file):
    results = json.loads(file.read_text())["results"]
    return {name: entry["sha256"] for name, entry in results.items() if entry["determinism"] in ("D2", "D3")}


READERS = {".json": report, ".npz": arrays, ".manifest": manifest}


def main(folder):
    runs = collections.defaultdict(dict)
    for file in sorted(pathlib.Path(folder).iterdir()):
        parts = file.stem.split("-")
        if file.suffix in READERS and len(parts) == 3:
            runs[parts[0], file.suffix]["-".join(parts[1:])] = READERS[file.suffix](file)
    faults = 0
    for (name, suffix), by_place in sorted(runs.items()):
        wanted = by_place.get("outside-1", {})
        if len(by_place) != 4 or not wanted:
            print(f"{name}{suffix}: {len(by_place)} runs to compare, not 4, or nothing in them", file=sys.stderr)
            faults += 1
        for place, found in by_place.items():
            different = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
            for key in different[:10]:
                print(f"{name}{suffix} {key}: outside-1 {wanted.get(key)}, {place} {found.get(key)}", file=sys.stderr)
            faults += len(different)
        if not faults:
            print(f"{name}{suffix}: the same bits in 4 runs, {len(wanted)} values or arrays")
    return 1 if faults or not runs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

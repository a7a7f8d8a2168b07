"""Compares the results of the same fits, inside and outside the container, with one thread and with two, bit by bit.

bits.py FOLDER NAME.KIND...: of each the files NAME-PLACE-THREADS.KIND, from bits.sh, are compared, all of which must be
there. Kinds are json (reports), npz (arrays) and manifest.
"""

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


READERS = {"json": report, "npz": arrays, "manifest": manifest}


PLACES = ("outside-1", "outside-2", "inside-1", "inside-2")


def faults_of(folder, name, kind):
    """What differs between the four runs of a fit, as lines. None where they agree."""
    files = {place: folder / f"{name}-{place}.{kind}" for place in PLACES}
    missing = [f"{file.name} is missing" for file in files.values() if not file.is_file()]
    if missing:
        return missing
    runs = {place: READERS[kind](file) for place, file in files.items()}
    wanted = runs[PLACES[0]]
    if not wanted:
        return [f"{name}.{kind}: there is nothing to compare"]
    faults = []
    for place, found in runs.items():
        different = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
        faults += [f"{name}.{kind} {key}: {PLACES[0]} {wanted.get(key)}, {place} {found.get(key)}" for key in different]
    if not faults:
        print(f"{name}.{kind}: the same bits in {len(runs)} runs, {len(wanted)} values or arrays")
    return faults


def main(folder, *wanted):
    faulty = False
    for file in wanted:
        faults = faults_of(pathlib.Path(folder), *file.split("."))
        if faults:
            faulty = True
            print(*faults[:20], sep="\n", file=sys.stderr)
    return 1 if faulty or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Fits the NIST sets with NumPy's lstsq and writes what it finds to standard output: tool,set,quantity,value.

usage: peers.py FOLDER; scripts/accuracy runs it. The powers are built by repeated multiplication, as everywhere in this
comparison. rcond=-1 keeps every singular value: with the default NumPy treats Filip as rank-deficient.
"""

import csv
import pathlib
import sys

import numpy


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def design(folder, name, degree, intercept):
    rows = read(folder / (name.lower() + ".csv"))
    columns = [numpy.array([float(row[key]) for row in rows]) for key in rows[0]]
    y, x = columns[0], columns[1:]
    while len(x) < degree:
        x.append(x[-1] * x[0])
    return numpy.column_stack(([numpy.ones_like(y)] if intercept else []) + x), y


def main():
    folder = pathlib.Path(sys.argv[1])
    for row in read(folder / "sets.csv"):
        intercept = row["intercept"] == "yes"
        x, y = design(folder, row["set"], int(row["degree"]), intercept)
        coefficients = numpy.linalg.lstsq(x, y, rcond=-1)[0]
        for j, value in enumerate(coefficients, 0 if intercept else 1):
            print(f"NumPy {numpy.__version__} lstsq,{row['set']},b{j},{value:.17g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Compares the list of tests that scripts/gpu-check runs with the tests that CTest labels gpu.

usage: gpu_tests.py LIST BUILD CTEST WITH_CUDA  WITH_CUDA: ON if executables that exist with CUDA alone must be there
       gpu_tests.py --self-test                 expects planted differences to be found
"""

import json
import pathlib
import subprocess
import sys

FILTER = "--gtest_filter="
TOOLS = {"memcheck", "racecheck", "initcheck", "synccheck"}


def parse(text):
    """(executable, filter, filter under the sanitizers or None) of each line."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            executable, chosen, tools, sanitized = line.split()
            known = tools in ("-", "all") or set(tools.split(",")) <= TOOLS
            if not known or (tools == "-") != (sanitized == "-"):
                raise ValueError(f"{executable}: '{tools}' are no tools for '{sanitized}'")
            yield executable, chosen, None if sanitized == "-" else sanitized


def names(listing):
    """Full names in the output of --gtest_list_tests."""
    suite = ""
    for line in listing.splitlines():
        line = line.split("#")[0].rstrip()
        if line.startswith("  "):
            yield suite + line.strip()
        elif line.endswith("."):
            suite = line


def labelled(ctest):
    """(executable, test) with the label gpu, from ctest --show-only=json-v1."""
    for test in ctest["tests"]:
        labels = [value for item in test["properties"] if item["name"] == "LABELS" for value in item["value"]]
        if "gpu" in labels:
            executable, *arguments = test["command"]
            chosen = [argument.removeprefix(FILTER) for argument in arguments if argument.startswith(FILTER)]
            assert len(chosen) == 1, test
            yield pathlib.Path(executable).name, chosen[0]


def compare(lines, ctest, tests_of, required):
    """All differences. tests_of(executable, filter) gives names, or None where the executable is not built."""
    listed = set()
    for executable, chosen, sanitized in lines:
        found = tests_of(executable, chosen)
        if found is None:
            if required:
                yield f"{executable} is in the list, and not built"
            continue
        if not found:
            yield f"{executable}: no test matches {chosen}"
        listed |= {(executable, name) for name in found}
        if sanitized:
            chosen_again = set(tests_of(executable, sanitized))
            if not chosen_again:
                yield f"{executable}: no test matches {sanitized}"
            for name in sorted(chosen_again - set(found)):
                yield f"{executable}: {name} is to run under compute-sanitizer, and not without it"
    if not any(sanitized for _, _, sanitized in lines):
        yield "no test is to run under compute-sanitizer"
    known = set(labelled(ctest))
    for executable, name in sorted(known - listed):
        yield f"{executable}: {name} has the label gpu, and scripts/gpu-check does not run it"
    for executable, name in sorted(listed - known):
        yield f"{executable}: scripts/gpu-check runs {name}, which has no label gpu"


def self_test():
    def test(executable, name, label):
        properties = [{"name": "LABELS", "value": [label]}] if label else [{"name": "TIMEOUT", "value": 1}]
        return {"command": [f"/b/{executable}", FILTER + name], "name": name, "properties": properties}

    tests = {("a_test", "*/cuda"): ["S.x/cuda"], ("k_test", "*"): ["K.y", "K.z"], ("k_test", "K.y"): ["K.y"]}
    ctest = {"tests": [test("a_test", "S.x/cuda", "gpu"), test("a_test", "S.x/cpu", None)]}
    ctest["tests"] += [test("k_test", "K.y", "gpu"), test("k_test", "K.z", "gpu")]
    good = "# comment\na_test */cuda - -\nk_test * all K.y\n"

    def differences(text, have, ctest=ctest, required=True):
        def tests_of(executable, chosen):
            return have.get((executable, chosen), [] if any(executable == name for name, _ in have) else None)

        return list(compare(list(parse(text)), ctest, tests_of, required))

    assert differences(good, tests) == []
    assert set(names("Main\nS.\n  x/cuda  # GetParam() = 1\nK.\n  y\n")) == {"S.x/cuda", "K.y"}
    only_a = {key: value for key, value in tests.items() if key[0] == "a_test"}
    only_a_known = {"tests": ctest["tests"][:2]}
    assert differences(good, only_a, only_a_known, required=False) == []
    planted = [
        (differences(good, only_a, only_a_known), "not built"),
        (differences("k_test * memcheck,racecheck K.y\n", tests), "does not run it"),
        (differences(good, tests | {("k_test", "*"): ["K.y"]}), "does not run it"),
        (differences(good, tests | {("k_test", "*"): ["K.w", "K.y", "K.z"]}), "no label gpu"),
        (differences(good, tests, {"tests": ctest["tests"][1:]}), "no label gpu"),
        (differences("a_test */cuda - -\nk_test * - -\n", tests), "no test is to run"),
        (differences("a_test */cuda - -\nk_test * all K.v\n", tests), "no test matches K.v"),
        (differences(good, tests | {("k_test", "K.y"): ["K.y", "K.w"]}), "not without it"),
        (differences(good + "a_test none - -\n", tests), "no test matches none"),
    ]
    for found, expected in planted:
        assert len(found) == 1 and expected in found[0], (expected, found)
    for columns in ["all", "- K.y", "memcheck -", "memchek K.y", "all K.y K.z"]:
        line = f"a_test * {columns}"
        try:
            list(parse(line))
        except ValueError:
            continue
        raise AssertionError(f"'{line}' was taken")
    print(f"gpu_tests: {len(planted)} planted differences were found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    source, build, program, with_cuda = sys.argv[1:]
    build = pathlib.Path(build)

    def tests_of(executable, chosen):
        path = build / "bin" / executable
        if not path.exists():
            return None
        command = [path, "--gtest_list_tests", FILTER + chosen]
        return list(names(subprocess.run(command, capture_output=True, text=True, check=True).stdout))

    command = [program, "--show-only=json-v1", "-L", "^gpu$", "--test-dir", build]
    ctest = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    lines = list(parse(pathlib.Path(source).read_text(encoding="utf-8")))
    found = list(compare(lines, ctest, tests_of, with_cuda == "ON"))
    if found:
        sys.exit("\n".join(found) + f"\ngpu_tests: {source} and CTest's label gpu differ")
    print(f"gpu_tests: {len(ctest['tests'])} tests, as CTest labels them")


main()

"""Checks what the documents say against the tree and against the built command line.

usage: documents.py ROOT [SIGMAHAT]  checks the Markdown files below ROOT; SIGMAHAT is the built command line
       documents.py --self-test      expects planted faults to be found
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

SKIPPED_FOLDERS = {".git", ".deps", ".cache", "build"}
# A word in code style that begins with one of these, or with another folder at the top, is a path.
TOP_FOLDERS = {"bench", "cli", "cmake", "docs", "estimators", "examples", "host", "kernels", "scripts", "tests"}
INCLUDE_ROOTS = ["kernels", "host", "estimators"]
SNIPPETS = {"cpp": "tests/consumer/project/main.cpp", "text": "tests/consumer/project/expected.txt"}
# Paths that exist after a build or only in a user's own project.
NOT_IN_TREE = ("build/", ".deps/")

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-zA-Z][a-z0-9-]*")


def documents(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for name in sorted(files):
            if name.endswith(".md"):
                path = pathlib.Path(folder) / name
                yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def command_lines(text):
    """Commands in code blocks without a language or marked as shell; continued lines are joined, prompts dropped."""
    for language, block in FENCE.findall(text):
        if language in ("", "sh", "bash", "shell", "console"):
            for line in block.replace("\\\n", " ").split("\n"):
                line = line.strip().removeprefix("$ ")
                if line and not line.startswith("#"):
                    yield line.split("  #")[0]


def exists(root, path):
    """True if path (a pattern with * or {a,b} allowed) names something below root."""
    braces = re.search(r"\{([^}]*)\}", path)
    if braces:
        return all(exists(root, path.replace(braces[0], part, 1)) for part in braces[1].split(","))
    if "*" in path:
        return any(root.glob(path.rstrip("/")))
    return (root / path).exists()


def check_paths(root, name, text):
    """Links, and words in code style that begin with a folder of the project."""
    for target in LINK.findall(text):
        target = target.split("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            if not (root / name).parent.joinpath(target).exists():
                yield f"{name}: the link target {target} does not exist"
    tops = TOP_FOLDERS | {entry.name for entry in root.iterdir()} - SKIPPED_FOLDERS
    prose = FENCE.sub("", text)
    words = {word for code in CODE.findall(prose) for word in code.split()}
    words |= {word for line in command_lines(text) for word in line.split()}
    for word in sorted(words):
        word = word.strip("\"',;:()")
        if word.startswith("sigmahat/") and word.endswith(".hpp"):
            if not any((root / folder / word).exists() for folder in INCLUDE_ROOTS):
                yield f"{name}: the header {word} does not exist"
        elif "/" in word and word.split("/")[0] in tops and not word.startswith(NOT_IN_TREE):
            if not exists(root, word):
                yield f"{name}: the path {word} does not exist"


def check_commands(root, name, text):
    """Scripts can be executed, presets and CMake options exist."""
    for script in sorted(set(re.findall(r"(?<![\w/.])(?:scripts/[\w-]+|\.ci/run)\b(?!/)", text))):
        path = root / script
        if path.is_dir():
            continue
        if not path.is_file() or not os.access(path, os.X_OK):
            yield f"{name}: {script} is no executable script"
    presets = {preset["name"] for preset in json.loads((root / "CMakePresets.json").read_text())["configurePresets"]}
    for preset in re.findall(r"--preset[ =]([\w-]+)", text):
        if preset not in presets:
            yield f"{name}: CMakePresets.json has no preset {preset}"
    sources = [root / "CMakeLists.txt", *(root / "cmake").glob("*.cmake")]
    known = " ".join(source.read_text(encoding="utf-8") for source in sources)
    for option in sorted(set(re.findall(r"-D ?(SIGMAHAT_\w+)", text))):
        if not re.search(rf"\b{option}\b", known):
            yield f"{name}: the build has no option {option}"


def check_readme(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    for script in ("scripts/demo", "scripts/test"):
        if script not in command_lines(text):
            yield f"README.md: {script} is not among the commands"
    for language, source in SNIPPETS.items():
        if (language, (root / source).read_text(encoding="utf-8")) not in FENCE.findall(text):
            yield f"README.md: no {language} block equals {source}, which a test compiles and runs or expects"


def check_packages(root):
    """The table of dependencies in ARCHITECTURE.md names every package that the scripts install."""
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for line in (root / "scripts/lib/packages.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#") and f"`{line.split()[1]}`" not in text:
            yield f"ARCHITECTURE.md: the package {line.split()[1]} of scripts/lib/packages.txt is not in it"


class Help:
    """What the built command line accepts, from its --help."""

    def __init__(self, program):
        self.program = program
        self.options = {}  # (subcommand, ...) -> options
        self.collect(())

    def collect(self, words):
        result = subprocess.run(
            [self.program, *words, "--help"], capture_output=True, text=True, encoding="utf-8", check=False
        )
        if result.returncode != 0:
            sys.exit(f"documents: sigmahat {' '.join(words)} --help ended with {result.returncode}: {result.stderr}")
        self.options[words] = set(OPTION.findall(result.stdout))
        subcommands = re.search(r"^Subcommands:\n((?:[ \t]+.*\n?)+)", result.stdout, re.MULTILINE | re.IGNORECASE)
        for line in subcommands[1].splitlines() if subcommands else []:
            # A continued description is indented further than the names.
            if re.match(r" {2}\S", line):
                self.collect((*words, line.split()[0]))

    def check_line(self, line):
        """The complaint about one command line, or None."""
        parts = shlex.split(line.split(" | ")[0].split(" > ")[0])[1:]
        words = ()
        while parts and (*words, parts[0]) in self.options:
            words += (parts.pop(0),)
        if not words and parts and not parts[0].startswith("-"):
            return f"there is no subcommand {parts[0]}"
        for part in parts:
            option = part.split("=")[0]
            if option.startswith("--") and option not in self.options[words]:
                return f"sigmahat {' '.join(words)} has no option {option}"
        return None


def check_command_line(root, program):
    accepted = Help(program)
    every = set().union(*accepted.options.values())
    for name, text in documents(root):
        for line in command_lines(text):
            if line.startswith("sigmahat "):
                complaint = accepted.check_line(line)
                if complaint:
                    yield f"{name}: {complaint}: {line}"
    manual = root / "docs/cli.md"
    if not manual.exists():
        yield "docs/cli.md: it is to describe the command line, and does not exist"
        return
    named = set(OPTION.findall(manual.read_text(encoding="utf-8")))
    for option in sorted(named - every):
        yield f"docs/cli.md: the command line has no option {option}"
    for option in sorted(every - named):
        yield f"docs/cli.md: the option {option} of the command line is not described"


def check(root, program=None):
    complaints = []
    for name, text in documents(root):
        complaints += check_paths(root, name, text)
        complaints += check_commands(root, name, text)
    complaints += check_readme(root)
    complaints += check_packages(root)
    if program:
        complaints += check_command_line(root, program)
    return complaints


def self_test():
    program = """#!/bin/sh
case "$*" in
  --help) printf 'Options:\\n  -h,--help  help\\n  --quiet  say less\\nSubcommands:\\n  fit  fits\\n' ;;
  'fit --help') printf 'Options:\\n  -h,--help  help\\n  --by TEXT  groups\\n' ;;
esac
"""
    files = {
        "README.md": "```\nscripts/demo\nscripts/test\nsigmahat fit a.csv --by x\n```\n"
        "```cpp\nint main() {}\n```\n```text\nmean 1\n```\n",
        "ARCHITECTURE.md": "`g++` [x](README.md) `host/sigmahat/host/*.hpp` `sigmahat/host/a.hpp` --preset test\n",
        "docs/cli.md": "`--help` `--quiet` `--by` -DSIGMAHAT_CUDA=OFF\n",
        "CMakeLists.txt": "set(SIGMAHAT_CUDA AUTO)\n",
        "CMakePresets.json": '{"configurePresets": [{"name": "test"}]}\n',
        "host/sigmahat/host/a.hpp": "\n",
        "scripts/lib/packages.txt": "# comment\nbuild g++ compiler\n",
        "scripts/demo": "",
        "scripts/test": "",
        SNIPPETS["cpp"]: "int main() {}\n",
        SNIPPETS["text"]: "mean 1\n",
        "sigmahat": program,
    }
    faults = [
        ("README.md", "[gone](docs/gone.md)\n", "docs/gone.md"),
        ("README.md", "`host/sigmahat/host/gone.hpp`\n", "host/sigmahat/host/gone.hpp"),
        ("README.md", "`sigmahat/host/gone.hpp`\n", "sigmahat/host/gone.hpp"),
        ("README.md", "`docs/*.txt`\n", "docs/*.txt"),
        ("README.md", "`examples/gone.csv`\n", "examples/gone.csv"),
        ("ARCHITECTURE.md", "scripts/gone\n", "scripts/gone"),
        ("ARCHITECTURE.md", "cmake --preset gone\n", "gone"),
        ("ARCHITECTURE.md", "-DSIGMAHAT_GONE=ON\n", "SIGMAHAT_GONE"),
        ("docs/cli.md", "`--gone`\n", "--gone"),
        ("docs/cli.md", "```\nsigmahat fit --quiet\n```\n", "--quiet"),
        ("docs/cli.md", "```\nsigmahat gone x\n```\n", "subcommand gone"),
        ("scripts/lib/packages.txt", "test libgone-dev tests\n", "libgone-dev"),
        (SNIPPETS["cpp"], "// changed\n", SNIPPETS["cpp"]),
        (SNIPPETS["text"], "mean 2\n", SNIPPETS["text"]),
        ("sigmahat", "printf -- ' --undescribed '\n", "--undescribed"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
            (root / path).chmod(0o755)
        complaints = check(root, root / "sigmahat")
        assert complaints == [], complaints
        for path, addition, expected in faults:
            (root / path).write_text(files[path] + addition, encoding="utf-8")
            complaints = check(root, root / "sigmahat")
            assert len(complaints) == 1 and expected in complaints[0], (addition, complaints)
            (root / path).write_text(files[path], encoding="utf-8")
        (root / "scripts/demo").chmod(0o644)
        assert len(check(root)) == 1
    print(f"documents: {len(faults) + 1} planted faults were found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    root = pathlib.Path(sys.argv[1]).resolve()
    complaints = check(root, *sys.argv[2:])
    if complaints:
        sys.exit("\n".join(complaints) + f"\ndocuments: {len(complaints)} statements do not hold")
    print(f"documents: {len(list(documents(root)))} files agree with the tree")


main()

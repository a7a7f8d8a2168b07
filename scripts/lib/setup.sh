# Sourced by the scripts: what they share.
#   setup SECTION...                sections of packages.txt; "build" also brings Arrow C++ into .deps/venv. Installs what
#                                   is missing and does nothing where everything is there.
#   fetch_peers                     what benchmarks and accuracy are set beside, into .deps/peers
#   configure PRESET [OPTION...]    configures build/release, which demo, tests and benchmarks share
# Rights are needed for packages alone. Without them the missing packages are named and the script ends with 1.
# shellcheck shell=bash

sigmahat_lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sigmahat_root=$(cd "$sigmahat_lib/../.." && pwd)
sigmahat_build=$sigmahat_root/build/release

# The packages of the given sections, one a line.
packages_of() {
  local section
  for section in "$@"; do
    awk -v section="$section" '$1 == section { print $2 }' "$sigmahat_lib/packages.txt"
  done
}

# Those of the given packages that are not installed, one a line.
missing_packages() {
  local installed
  # dpkg-query ends with 1 where it does not know a package, and lists the others all the same.
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null) || true
  local package
  for package in "$@"; do
    grep -qxF "installed $package" <<<"$installed" || printf '%s\n' "$package"
  done
}

setup_packages() {
  local wanted missing
  mapfile -t wanted < <(packages_of "$@")
  if ! command -v dpkg-query >/dev/null; then
    echo "setup: this is not a Debian system, so packages are not checked; needed are the equivalents of:"
    printf '  %s\n' "${wanted[@]}"
    return
  fi
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  if [ ${#missing[@]} -eq 0 ]; then return; fi

  local become=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      become=(sudo)
    else
      {
        echo "setup: these packages are missing, and there are no rights to install them:"
        printf '  %s\n' "${missing[@]}"
        echo "Ask an administrator to run, or run with the rights of root:"
        echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
      } >&2
      exit 1
    fi
  fi
  echo "setup: installing ${missing[*]}"
  if ! "${become[@]}" apt-get update -qq ||
    ! "${become[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-remove --no-install-recommends "${missing[@]}" </dev/null >/dev/null; then
    echo "setup: apt-get could not install the packages above; its own message says why" >&2
    exit 1
  fi
}

# Arrow C++ from the wheel of the pinned version. pip follows the user's own configuration.
setup_arrow() {
  local venv=$sigmahat_root/.deps/venv version
  version=$(sed -n 's/^pyarrow==//p' "$sigmahat_lib/requirements.txt")
  # pip writes the dist-info folder last, so its presence means that the wheel is complete.
  if compgen -G "$venv/lib/python3*/site-packages/pyarrow-$version.dist-info/RECORD" >/dev/null; then return; fi

  local python=/usr/bin/python3 # Debian's, which python3-venv belongs to
  [ -x "$python" ] || python=python3
  echo "setup: fetching pyarrow $version into .deps/venv"
  rm -rf "$venv"
  if ! "$python" -m venv "$venv" ||
    ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
      --only-binary :all: --requirement "$sigmahat_lib/requirements.txt"; then
    rm -rf "$venv"
    echo "setup: pyarrow $version could not be installed; the message above says why" >&2
    exit 1
  fi
}

setup() {
  setup_packages "$@"
  case " $* " in *" build "*) setup_arrow ;; esac
}

# The preset "release" leaves a folder with tests as it is, so that running the demo after the tests takes nothing away.
configure() {
  local preset=$1
  shift
  if [ "$preset" = release ] && [ -f "$sigmahat_build/build.ninja" ]; then
    cmake "$@" "$sigmahat_build"
  else
    (cd "$sigmahat_root" && cmake --preset "$preset" "$@")
  fi
}

# What SigmaHat is set beside, of the versions in peers.txt, into .deps/peers.
fetch_peers() {
  local venv=$sigmahat_root/.deps/peers
  if [ -x "$venv/bin/python" ]; then return; fi
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    --requirement "$sigmahat_lib/peers.txt"
}

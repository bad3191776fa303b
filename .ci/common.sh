# What the scripts beside it share: `. .ci/common.sh`, at the top of the repository.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1 XDG_CACHE_HOME="$work/cache"
export PIP_NO_COMPILE=1 # most modules of the packages are never imported

say() { # a heading, with the seconds since the script began
  printf '\n== %s (after %d s)\n' "$*" "$SECONDS"
}

find_python() { # the first of these versions that runs, on the path or in pyenv's folder
  local version candidate
  for version in "$@"; do
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
      if "$candidate" -c '' 2>/dev/null; then
        echo "$candidate"
        return
      fi
    done
  done
}

versions() { # of an environment
  "$1" -c "import sys, jax, flax, numpy, PIL; print('python', sys.version.split()[0], 'jax', jax.__version__, 'flax', flax.__version__, 'numpy', numpy.__version__, 'pillow', PIL.__version__)"
}

install_all() { # the project and all that its tests use, in a new environment with programs in $bin
  python=$(find_python 3.11)
  "${python:-python3}" -m venv "$work/venv"
  bin=$work/venv/bin
  "$bin/pip" install --upgrade pip
  "$bin/pip" install torch==2.13.0 || echo "no PyTorch: the tests that read its files are skipped"
  "$bin/pip" install -e '.[dev]'
  versions "$bin/python"
  if ! command -v Xvfb xdotool >/dev/null; then # a screen for the window of `adain-jax camera`
    (apt-get update && apt-get install -y xvfb xdotool) >/dev/null 2>&1 ||
      echo "no Xvfb or xdotool: the tests of the window are skipped"
  fi
}

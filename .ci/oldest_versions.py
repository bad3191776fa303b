"""Print the oldest versions that pyproject.toml allows, as constraints for pip.

python .ci/oldest_versions.py train test > oldest.txt
"""

import re
import sys
import tomllib
from pathlib import Path

_AT_LEAST = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)")
project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
wanted = [*project["dependencies"], *(x for name in sys.argv[1:] for x in extras[name])]
for package, version in _AT_LEAST.findall("\n".join(wanted)):
    print(f"{package}=={version}")

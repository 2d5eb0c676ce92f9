"""`python -m modular_api.deploy.instance`: what a manager starts; see `InstanceSpec`."""

from __future__ import annotations

import os
import sys

from modular_api.deploy.instance.program import run_instance
from modular_api.deploy.instance.spec import SPEC_VARIABLE, InstanceSpec

if __name__ == "__main__":
    # Taken out: what the app starts is no instance.
    text = os.environ.pop(SPEC_VARIABLE, None)
    if text is None:
        sys.exit("This program is started by `modular-api manager start`.")
    code = run_instance(InstanceSpec.from_json(text))
    # Everything is closed and written. Taking a large app apart, object by object,
    # keeps whoever waits for a stop or a restart for a few tenths of a second more.
    os._exit(code)

# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the public headers declare."""
import re

import common

# SN_API ... name( up to the end of the declaration, which may span lines.
DECLARATION = re.compile(r"^SN_API\b([^;{]*?)\b(sn_\w+)[ \t]*\(", re.M)


def declarations(tree):
    """(path, line, name) of every exported function, in order."""
    for path in tree.under("include/sennit", ext=(".h",)):
        code = common.code_only(tree.text(path))
        for m in DECLARATION.finditer(code):
            yield path, common.line_of(code, m.start()), m.group(2)

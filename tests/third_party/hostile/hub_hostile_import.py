"""A plug-in whose module cannot be imported."""

raise ImportError("no module named 'a_library_that_nobody_has'")

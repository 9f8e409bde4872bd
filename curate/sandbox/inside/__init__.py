"""What runs inside the sandbox: the fork server, the confinement of its children, and the runners that execute a program.

Only the standard library, and nothing of `curate` outside this package: it is loaded by a bare interpreter (`python -s -S -P`) that sees little else.
"""

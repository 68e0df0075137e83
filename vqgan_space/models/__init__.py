"""The architectures, one a file.

They take diffusers' classes from the modules that define them: ``diffusers`` itself becomes another
module at the end of its first import, which a second thread that asks it meanwhile does not see.
"""

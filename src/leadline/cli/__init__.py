"""The command line: verbs as commands, errors as sentences, exit codes as a contract."""

# Written by the build-and-package work: install rules and the package config.

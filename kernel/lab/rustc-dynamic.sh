#!/bin/sh
# Cargo runs the compiler through this (see .cargo/config.toml): the standard library must be linked dynamically into it, so that
# `lab` and every cell share one copy. Cargo has no setting for one crate's codegen flags.
rustc=$1
shift
case " $* " in
*" --crate-name lab "*) exec "$rustc" "$@" -C prefer-dynamic ;;
*) exec "$rustc" "$@" ;;
esac

#!/bin/sh
# Installs what the build and the development environment need and this machine lacks. Does nothing when all is there.
set -eu

# Library packages for the build; PostgreSQL's server for `genesis dev` and the tests; PgBouncer for the faults that are
# tried with a pooler.
packages="pkg-config libpq-dev librdkafka-dev libyaml-dev libjq-dev libcurl4-openssl-dev libjemalloc-dev postgresql pgbouncer"

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

if command -v dpkg-query >/dev/null 2>&1; then
    missing=""
    for package in $packages; do
        # pkgconf provides pkg-config on newer systems: the program is what counts.
        if [ "$package" = pkg-config ] && command -v pkg-config >/dev/null 2>&1; then continue; fi
        is_installed "$package" || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        as_root=""
        if [ "$(id -u)" -ne 0 ]; then
            if ! command -v sudo >/dev/null 2>&1; then
                echo "setup: missing packages:$missing; install them as root: apt-get install$missing" >&2
                exit 1
            fi
            as_root=sudo
        fi
        echo "setup: installing$missing"
        # Debian would make and start a cluster of its own, which nobody here needs.
        if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
            $as_root mkdir -p /etc/postgresql-common
            echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
        fi
        $as_root apt-get update -q
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
        # Debian starts its pooler as a service; ours are started by the tests, with files of their own.
        case "$missing " in
        *" pgbouncer "*)
            $as_root update-rc.d pgbouncer disable >/dev/null 2>&1 || true
            $as_root invoke-rc.d pgbouncer stop >/dev/null 2>&1 || true
            ;;
        esac
    fi
else
    for library in libpq rdkafka yaml-0.1 libcurl jemalloc; do
        if ! pkg-config --exists "$library" 2>/dev/null; then
            echo "setup: this is no Debian system and pkg-config does not find $library; install it," >&2
            echo "setup: as well as libjq and the PostgreSQL server, with your own package tool." >&2
            exit 1
        fi
    done
fi

if ! command -v swift >/dev/null 2>&1; then
    echo "setup: Swift is missing. Install Swift 6.3 from https://www.swift.org/install and put it into PATH." >&2
    exit 1
fi

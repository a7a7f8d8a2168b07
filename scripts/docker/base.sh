# Sourced by docker-check: Debian as a base image, made from a mirror where no image registry can be reached.
# shellcheck shell=bash

# Debian 12 as in the image debian:bookworm-slim, as $room/base.tar; its time is left in $room/base-epoch.
make_debian() {
  local rootfs=$room/rootfs sources=$room/bookworm.list mirror
  mirror=$(awk '$4 == "bookworm" { sub(/\/$/, "", $3); print $3; exit }' "$sources")
  debuerreotype-init --non-debian --keyring /usr/share/keyrings/debian-archive-keyring.gpg "$rootfs" bookworm "$mirror"
  debuerreotype-minimizing-config "$rootfs"
  cp "$sources" "$rootfs/etc/apt/sources.list"
  cp "$room/apt.conf" "$rootfs/etc/apt/apt.conf.d/99site"
  debuerreotype-apt-get "$rootfs" update -qq
  debuerreotype-apt-get "$rootfs" dist-upgrade -yqq
  debuerreotype-recalculate-epoch "$rootfs"
  rm "$rootfs/etc/apt/apt.conf.d/99site"
  debuerreotype-slimify "$rootfs"
  cp "$rootfs/debuerreotype-epoch" "$room/base-epoch"
  debuerreotype-tar "$rootfs" "$room/base.tar"
  rm -rf "$rootfs"
}

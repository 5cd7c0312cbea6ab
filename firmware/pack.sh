#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Signed SWUpdate images from programs.
#   pack.sh key DIR                        a throw-away signing key and its certificate in DIR
#   pack.sh image DIR VERSION PROGRAM OUT  OUT: an image of PROGRAM signed with DIR's key
#   pack.sh tamper IN OUT                  a copy of IN with one byte of its payload turned over
# An image is a cpio archive (crc) of sw-description, its CMS signature, and a tar of the program.
set -eu

die() {
    echo "pack.sh: $*" >&2
    exit 1
}

make_key() {
    dir=$1
    mkdir -p "$dir"
    [ -s "$dir/signing-key.pem" ] && [ -s "$dir/signing-cert.pem" ] && return
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
        -subj "/O=Sennit/CN=throw-away firmware signing key" \
        -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=emailProtection \
        -keyout "$dir/signing-key.pem.new" -out "$dir/signing-cert.pem.new" 2>"$dir/openssl.log" ||
        die "openssl could not make a key: $(cat "$dir/openssl.log")"
    chmod 600 "$dir/signing-key.pem.new"
    mv "$dir/signing-key.pem.new" "$dir/signing-key.pem"
    mv "$dir/signing-cert.pem.new" "$dir/signing-cert.pem"
}

# The path is relative: to / on a device, to the client's working folder in a trial. (A relative
# path with "create-destination" crashes SWUpdate 2022.12, so the tar carries the folders.)
describe() {
    cat <<END
software =
{
    version = "$1";
    description = "blinkd, the status lamp of the demonstration";
    hardware-compatibility: [ "1.0" ];
    images: (
        {
            filename = "blinkd.tar";
            type = "archive";
            path = ".";
            preserve-attributes = true;
            sha256 = "$2";
        }
    );
}
END
}

make_image() {
    dir=$1 version=$2 program=$3 out=$4
    work=$(mktemp -d "${TMPDIR:-/tmp}/sennit-pack.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    installed=opt/blinkd/blinkd
    mkdir -p "$work/root/${installed%/*}"
    cp "$program" "$work/root/$installed"
    chmod 755 "$work/root/$installed"
    # no folder entries: unpacking must not change the mode of a folder that is there
    tar -C "$work/root" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
        --mtime=@0 -cf "$work/blinkd.tar" "$installed"
    sum=$(openssl dgst -sha256 -r "$work/blinkd.tar")
    describe "$version" "${sum%% *}" >"$work/sw-description"
    openssl cms -sign -binary -nosmimecap -outform DER -in "$work/sw-description" \
        -out "$work/sw-description.sig" -signer "$dir/signing-cert.pem" \
        -inkey "$dir/signing-key.pem"
    # the order matters: a client streams the archive and must see the signature first
    (cd "$work" && printf '%s\n' sw-description sw-description.sig blinkd.tar |
        cpio --quiet -o -H crc) >"$out.new"
    mv "$out.new" "$out"
}

# The byte lies in the middle of the file, well inside the payload, which is nearly all of it.
tamper() {
    in=$1 out=$2
    at=$(($(wc -c <"$in") / 2))
    byte=$(dd if="$in" bs=1 skip="$at" count=1 2>/dev/null | od -An -tu1)
    cp "$in" "$out.new"
    # shellcheck disable=SC2059 # the format is the byte itself, in octal
    printf "\\$(printf '%03o' $((byte ^ 255)))" |
        dd of="$out.new" bs=1 seek="$at" conv=notrunc 2>/dev/null
    mv "$out.new" "$out"
}

case "${1-}:$#" in
key:2) make_key "$2" ;;
image:5) make_image "$2" "$3" "$4" "$5" ;;
tamper:3) tamper "$2" "$3" ;;
*) die "usage: pack.sh key DIR | image DIR VERSION PROGRAM OUT | tamper IN OUT" ;;
esac

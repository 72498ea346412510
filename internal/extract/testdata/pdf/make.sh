#!/bin/sh
# Makes the encrypted and the linearised files here from small.pdf, a page of one line by ReportLab, with qpdf.
set -e
cd "$(dirname "$0")"
streams="qpdf --static-id --object-streams=generate --allow-weak-crypto"
plain="qpdf --static-id --object-streams=disable --allow-weak-crypto"
$streams --encrypt "" own 40 -- small.pdf rc4-40.pdf
$streams --encrypt "" own 128 --use-aes=n -- small.pdf rc4-128.pdf
$plain --encrypt "" own 128 --use-aes=n --force-V4 -- small.pdf rc4-filter.pdf
$streams --encrypt "" own 128 --use-aes=y -- small.pdf aes-128.pdf
$plain --encrypt "" own 128 --use-aes=y --cleartext-metadata -- small.pdf aes-128-metadata.pdf
$streams --encrypt "" own 256 --force-R5 -- small.pdf aes-256-r5.pdf
$streams --encrypt "" own 256 -- small.pdf aes-256.pdf
$streams --encrypt user own 256 -- small.pdf aes-256-user.pdf
qpdf --linearize --static-id small.pdf linear.pdf
# The owner's password is empty, the user's is not.
$streams --encrypt user "" 256 --allow-insecure -- small.pdf aes-256-owner.pdf

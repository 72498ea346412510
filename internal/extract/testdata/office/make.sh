#!/usr/bin/env bash
# Makes the office files of the tests with LibreOffice (libreoffice-writer and libreoffice-calc) from the flat documents
# beside it, and asks poppler (poppler-utils) which numbers stand on which page of the PDF. The results are committed: run it again only when the sources change.
set -euo pipefail
cd "$(dirname "$0")"

profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
convert() { soffice "-env:UserInstallation=file://$profile" --headless --convert-to "$1" "$2" >/dev/null; }

convert xlsx people.fods
convert xls people.fods
convert xls long.fods
convert ods people.fods
convert csv people.fods
convert docx letter.fodt
convert doc letter.fodt
convert odt letter.fodt
convert pdf letter.fodt
mv letter.pdf plain.pdf
convert 'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"1"},"UseTaggedPDF":{"type":"boolean","value":"true"}}' letter.fodt
mv letter.pdf archive.pdf
convert 'pdf:writer_pdf_Export:{"RestrictPermissions":{"type":"boolean","value":"true"},"PermissionPassword":{"type":"string","value":"owner"},"Printing":{"type":"long","value":"0"}}' letter.fodt
mv letter.pdf restricted.pdf
convert 'pdf:writer_pdf_Export:{"EncryptFile":{"type":"boolean","value":"true"},"DocumentOpenPassword":{"type":"string","value":"secret"}}' letter.fodt
mv letter.pdf locked.pdf

pages=$(pdfinfo plain.pdf | sed -n 's/^Pages: *//p')
for ((n = 1; n <= pages; n++)); do
	pdftotext -f "$n" -l "$n" plain.pdf - | grep -oE '[0-9]{3}-[0-9]{2}-[0-9]{4}' | sort | sed "s/$/ $n/"
done >plain.pdf.pages

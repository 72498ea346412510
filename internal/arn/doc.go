// Package arn reads and writes Amazon Resource Names. It is pure.
//
// A name that a caller sends is spelt by the caller. What is decided on is spelt here: [Parse] and
// [ParseRole] accept the one spelling that there is of a name and refuse every other, and what is
// then looked up is named by [Role] or [ARN.String] from what is stored. No decision compares the
// text that came in.
//
// Names of principals and roles are in the partition [Home] whatever the Region: there is one
// directory. Names of Macie's resources are in the partition of their Region, as AWS's are.
package arn

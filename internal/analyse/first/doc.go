// Package first has a process that was started as a box serve as one before most packages of the program are initialized. A box needs a
// third of them; what the others make at their start, tables of endpoints and metrics above all, is some milliseconds of each box's life,
// and memory that it never uses. The program that makes pools imports it for that alone.
//
// Of the packages whose imports have been initialized, the one whose path comes first in the alphabet is next. The path of this one
// therefore begins with that of the only package that it imports. Wherever it comes in the end, it comes before main.
package first

import "magpie/internal/analyse"

func init() { analyse.ServeBox() }

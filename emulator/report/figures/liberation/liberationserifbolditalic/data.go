// Package liberationserifbolditalic stands in for a face that no figure uses; see README.md.
package liberationserifbolditalic

import "codeberg.org/go-fonts/liberation/liberationsansregular"

// TTF is Liberation Sans Regular.
var TTF = liberationsansregular.TTF

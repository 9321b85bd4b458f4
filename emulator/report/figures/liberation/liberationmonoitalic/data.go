// Package liberationmonoitalic stands in for a face that no figure uses; see README.md.
package liberationmonoitalic

import "codeberg.org/go-fonts/liberation/liberationsansregular"

// TTF is Liberation Sans Regular.
var TTF = liberationsansregular.TTF

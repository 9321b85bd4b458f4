package catalogue

// Look is how an entry is drawn. The zero value is a black circle and a solid line.
type Look struct {
	Colour string    // #rrggbb; empty: black
	Symbol Symbol    // of the markers
	Dash   []float64 // lengths of dashes and gaps, in points; nil: solid
	Open   bool      // markers are outlined, not filled
}

// Symbol is the shape of a marker.
type Symbol string

// The shapes of markers.
const (
	Circle   Symbol = "circle"
	Square   Symbol = "square"
	Triangle Symbol = "triangle"
	Diamond  Symbol = "diamond"
	Down     Symbol = "down" // a triangle on its tip
	Pentagon Symbol = "pentagon"
	Star     Symbol = "star"
)

// The colours of Okabe and Ito (2008) that show on white, and can be told apart by everybody.
const (
	Black      = "#000000"
	Orange     = "#e69f00"
	SkyBlue    = "#56b4e9"
	Green      = "#009e73"
	Blue       = "#0072b2"
	Vermillion = "#d55e00"
	Purple     = "#cc79a7"
)

package report

import (
	"math"
	"strconv"

	"testbed/emulator/report/figures"
)

// chart is a figure as the page's script draws it.
type chart struct {
	Kind   string   `json:"kind"` // lines, scatter, stack
	X      axis     `json:"x,omitzero"`
	Y      axis     `json:"y,omitzero"`
	Series []series `json:"series"`
	Bars   []string `json:"bars,omitempty"`  // of a stack
	Plain  bool     `json:"plain,omitempty"` // its lines are no models
	Zero   bool     `json:"zero,omitempty"`  // x begins at 0
}

type axis struct {
	Label string  `json:"label"`
	Log   bool    `json:"log,omitempty"`
	Max   float64 `json:"max,omitempty"`
}

// series is one line, cloud or part. Engine is empty where it does not depend on the engine that is chosen.
type series struct {
	Name     string   `json:"name"`
	Model    string   `json:"model,omitempty"`
	Engine   string   `json:"engine,omitempty"`
	Look     int      `json:"look,omitempty"` // of a stack's part
	Measured bool     `json:"measured,omitempty"`
	Points   []tuple  `json:"points,omitempty"` // x, y, low, high; of a scatter predicted, measured, chains
	Values   []number `json:"values,omitempty"` // of a stack's part, by bar
}

// tuple is some numbers, of which those at the end that are not finite are left out.
type tuple []number

// number is written with five significant digits, which no screen exceeds.
type number float64

// MarshalJSON implements json.Marshaler; what is not finite is null.
func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', 5, 64), nil
}

// lines makes a chart of a figure, for one engine; measured is drawn whichever engine is chosen.
func lines(f *figures.Figure, engine string) chart {
	c := chart{
		Kind:  "lines",
		Plain: f.ByOrder,
		Zero:  f.Name == figures.TrafficName,
		X:     axis{f.X.Label, false, f.X.Max},
		Y:     axis{f.Y.Label, f.Y.Log, f.Y.Max},
	}
	for _, curve := range f.Curves {
		s := series{Name: curve.Model, Model: curve.Model, Engine: engine}
		if f.Told == told {
			s.Name = curve.Model + ", " + curve.Policy
			if s.Measured = curve.Policy == figures.Measured; s.Measured {
				s.Engine = ""
			}
		}
		if f.ByOrder {
			s.Model, s.Engine = "", ""
		}
		for _, p := range curve.Points {
			t := tuple{number(p.X), number(p.Y)}
			if f.Bars && !math.IsNaN(p.Low+p.High) {
				t = append(t, number(p.Low), number(p.High))
			}
			s.Points = append(s.Points, t)
		}
		c.Series = append(c.Series, s)
	}
	return c
}

// dots makes a chart of a scatter.
func dots(s *figures.Scatter, engine string) chart {
	c := chart{Kind: "scatter", X: axis{Label: "Predicted " + s.What + " (" + s.Unit + ")", Log: true},
		Y: axis{Label: "Measured " + s.What + " (" + s.Unit + ")", Log: true}}
	for _, cloud := range s.Clouds {
		one := series{Name: cloud.Model, Model: cloud.Model, Engine: engine}
		for _, d := range cloud.Dots {
			t := tuple{number(d.Predicted), number(d.Measured)}
			if d.Count > 1 {
				t = append(t, number(d.Count))
			}
			one.Points = append(one.Points, t)
		}
		c.Series = append(c.Series, one)
	}
	return c
}

// bars makes a chart of a stack.
func bars(s *figures.Stack, engine string) chart {
	c := chart{Kind: "stack", Y: axis{Label: s.Label}, Bars: s.Bars}
	for i, part := range s.Parts {
		one := series{Name: part, Engine: engine, Look: s.Looks[i]}
		for _, values := range s.Values {
			one.Values = append(one.Values, number(values[i]))
		}
		c.Series = append(c.Series, one)
	}
	return c
}

// with adds the series of the same figure with another engine, but not again those of what was measured.
func (c *chart) with(other chart) {
	for _, s := range other.Series {
		if !s.Measured {
			c.Series = append(c.Series, s)
		}
	}
}

package statesim

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/predict"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return predict.Predictors.Of(catalogue.Entry[predict.Predictor]{
		Description: catalogue.Description{
			Name: EngineName, Brief: "the published simulator",
			About: "the published simulator's model: messages, and no protocol",
			Look:  catalogue.Look{Dash: []float64{1.2, 1.4}, Open: true},
		},
		Does: predict.Predictor{Campaigns: true, New: func(s predict.Setting) (predict.Engine, error) {
			e := NewEngine(s.Topology, s.Speed)
			e.Linearize = s.Linearize
			return e, nil
		}},
	})
}

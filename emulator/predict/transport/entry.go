package transport

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/predict"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return predict.Predictors.Of(catalogue.Entry[predict.Predictor]{
		Description: catalogue.Description{
			Name: EngineName, Brief: "TCP on the emulated network",
			About: "what a request over a warm TCP connection takes; the model that emulation should agree with",
			Look:  catalogue.Look{Dash: []float64{3, 1.5}, Open: true},
		},
		Does: predict.Predictor{New: func(s predict.Setting) (predict.Engine, error) {
			return New(s.Topology, s.Speed, OptionsOf(s))
		}},
	})
}

// OptionsOf are the model's parameters for a testbed.
func OptionsOf(s predict.Setting) Options {
	o := DefaultOptions()
	o.Overhead, o.PerMessage, o.IdleRestart, o.Fresh = s.Overhead, s.PerMessage, s.IdleRestart, s.Fresh
	o.Connections, o.Arrivals, o.Compute, o.Moves = s.Connections, s.Arrivals, s.Compute, s.Moves
	o.Rebalance, o.Starts, o.Outages, o.Rewirings = s.Rebalance, s.Starts, s.Outages, s.Rewirings
	o.Bursts, o.CopyRate = s.Bursts, s.CopyRate
	o.ReceiveWindow, o.MaxReceiveWindow = s.ReceiveWindow, s.ReceiveWindow
	if s.IPv6 {
		o.MSS, o.FrameOverhead = defaultMSS-longerHeader, defaultFrameOverhead+longerHeader
	}
	return o
}

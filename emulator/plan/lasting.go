package plan

import "testbed/emulator/topology"

// Lasting is a state that outlives jobs: a client has one of each name. Without a name it is none.
type Lasting struct {
	Client topology.ID
	Name   string
}

// Outlives is which state of the client's one of the job's states is; of no name where it ends with the job.
func (p *Plan) Outlives(state int) Lasting {
	if p.Lasting == nil || p.Lasting[state] == "" {
		return Lasting{}
	}
	return Lasting{p.Client, p.Lasting[state]}
}

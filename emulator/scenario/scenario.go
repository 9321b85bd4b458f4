// Package scenario is the YAML file that says what to emulate: the topology, the workload, how it is
// placed and replayed, and on what. It reads strictly, resolves defaults, reports all errors at once
// with their positions, and describes itself as a JSON Schema. It knows nothing of operating systems.
package scenario

import (
	"time"

	"testbed/emulator/catalogue"
)

// Scenario is a file that was read and found sound, with its defaults resolved.
type Scenario struct {
	File

	path      string // of the file, as given to Parse or Load
	where     map[string]position
	settings  []Setting // that were made to it, which where knows by their lines
	catalogue *catalogue.Catalogue
	traces    traces // that links follow, as far as they were read
	unread    bool   // no file is to be opened: links follow nothing
}

// Path is the name of the file that the scenario was read from.
func (s *Scenario) Path() string { return s.path }

// Catalogue is what the scenario may choose from.
func (s *Scenario) Catalogue() *catalogue.Catalogue { return s.catalogue }

// File is the content of a scenario file. The tags are described at type field.
type File struct {
	// Name of the testbed: lower-case letters, digits and hyphens, 31 at most.
	Name string `yaml:"name,required" pattern:"^[a-z0-9][a-z0-9-]{0,30}$"`
	// What the scenario is for; free text.
	Description string `yaml:"description"`
	// Seed of everything drawn, wherever no seed of its own is given.
	Seed uint64 `yaml:"seed" default:"1"`
	// The edge network: one of synth, ether, or nodes with links.
	Topology Topology `yaml:"topology,required"`
	// The cloud, a host outside the edge network that keeps state. Absent: there is none, and the model external cannot be
	// used.
	Cloud *Cloud `yaml:"cloud"`
	// Properties for every link of a class. They replace what was synthesized or read; what a link in topology.links says
	// itself comes before them.
	Classes []Override `yaml:"classes,keyed"`
	// Properties for single links, by name; they come before everything else.
	Overrides []Override `yaml:"overrides,keyed"`
	// The jobs: a trace, or synthesized.
	Workload Workload `yaml:"workload"`
	// What functions are, by name, and "*" for all others: builtin, a size and a duration, or programs of your own, which
	// listen for HTTP at $PORT and answer POST / with their result: {detect: {command: [python3, detect.py]}}. Default:
	// all are builtin.
	Functions []Function `yaml:"functions,keyed" pattern:"^([*]|[A-Za-z0-9][A-Za-z0-9_.-]{0,254})$" max:"10000"`
	// A file that the command profile has written, relative to this one: what was measured of functions that are programs.
	// Plans and predictions of them are made of it; without it nothing is predicted.
	Profile string `yaml:"profile"`
	// Which node executes which task.
	Placement Placement `yaml:"placement"`
	// Execution models to run, in this order. Default: the study's four, external, in-edge, in-function and in-client,
	// without external where there is no cloud, and without in-client where orchestration is chained. In state-propagate
	// and state-local a worker calls the next one, and the last one answers the client.
	Models []string `yaml:"models" choice:"execution model" min:"1"`
	// Who reads and writes states that are in a repository (external, in-edge): worker, the node that executes the
	// function, as the study's text says; client, before its request and after the response, so that nothing of a state
	// goes to the worker, as the study's simulator charges it.
	StateAccess string `yaml:"state-access" enum:"worker|client" default:"worker"`
	// What keeps the states that are in a repository, and which hosts of the edge are repositories.
	State State `yaml:"state"`
	// Whether predictors that know nothing but chains (statesim) linearize jobs that are DAGs: they take the tasks one
	// after the other, in ascending order. Otherwise they predict nothing of a workload that has a DAG.
	Linearize bool `yaml:"linearize" default:"false"`
	// Who calls the functions of external, in-edge and in-function: client, each of them; chained, the client those that a
	// job begins with, and each worker those that follow, with what they take of its result; the client gets what is for
	// it. in-client and pure-faas have no chained way: their states go to the client after each function.
	Orchestration string `yaml:"orchestration" enum:"client|chained" default:"client"`
	// How the jobs are carried out.
	Replay Replay `yaml:"replay"`
	// What happens to links and nodes during the replay, at times from the start of each model's chains: every model meets
	// the same.
	Events []Event `yaml:"events" max:"10000"`
	// What the cloud's provider charges for what leaves the edge, in any currency. Absent: no cost is shown.
	Cost *Cost `yaml:"cost"`
	// Settings of TCP inside every node.
	TCP TCP `yaml:"tcp"`
	// The version of the Internet Protocol by which functions are called. Nodes have addresses of both: the IPv6 ones
	// follow from the others, as inspect shows.
	IP int `yaml:"ip" enum:"4|6" default:"4"`
	// How hosts know each other's hardware addresses. static: all know all, and no packet waits for one. arp: they ask, by
	// ARP and IPv6's neighbour discovery, as on Ethernet, and switches forward frames of all kinds by hardware address
	// within a segment, without taking from the time to live: second addresses, routes by way of a host and routers of
	// your own work. On the fabric netem, whose hosts' links are cables of the kernel's, they do so either way.
	Neighbours string `yaml:"neighbours" enum:"static|arp" default:"static"`
	// What hosts have of the network beside their own address: further addresses, routes by way of other hosts, and
	// whether they are routers, by a host's name: {r1: {addresses: [10.9.0.1/24]}, a: {routes: [{to: 10.9.0.0/16, via:
	// r1}]}}.
	Hosts []HostNetwork `yaml:"hosts,keyed" pattern:"node"`
	// What runs a node. auto takes Docker where an engine answers, and processes in namespaces otherwise.
	Runtime string `yaml:"runtime" enum:"auto" choice:"runtime" default:"auto"`
	// What shapes and carries packets. auto takes netem where the kernel has it, and userspace otherwise.
	Fabric string `yaml:"fabric" enum:"auto" choice:"fabric" default:"auto"`
	// none: a node may use all of the host, though what one chain keeps at a node must fit into the memory that the
	// topology gives it; emulate: its processors and memory are limited to what the topology says, and to what the host
	// has.
	Resources string `yaml:"resources" enum:"none|emulate" default:"none"`
	// Container images of your own for hosts, by a host's name, class or model (the first of these that is listed decides;
	// what a node in topology.nodes says itself comes before). They need the runtime docker.
	Images []Image `yaml:"images,keyed" pattern:"class"`
	// Which machine carries which node where several carry the testbed (--machines), by a node's name, a host's class or
	// its model (the first of these that is listed decides; what a node in topology.nodes says itself comes before):
	// {server_0: lab-2, rpi3b+: lab-1}. Absent, or not listed: any machine. On one machine it means nothing.
	Machines []MachinePin `yaml:"machines,keyed" pattern:"class"`
	// The InfluxDB that receives the samples as well. What is absent comes from the environment: INFLUX_URL, INFLUX_ORG,
	// INFLUX_BUCKET; the token always does.
	Influx *Influx `yaml:"influx,quiet"`
}

// Workload says which jobs there are.
type Workload struct {
	// Name of a trace that the program has with it (alibaba-2018-hour: the study's own workload, an hour of Alibaba's
	// cluster), or path of one in one of the formats, relative to this file. In Spår's, it has rows of
	// arrival_s,job,task,duration_s,cpu,mem,instances without a header, such as 0.05,j_1,R2_1,10,50.0,0.3,2. arrival_s:
	// when the job arrives, in s; job: j_ and its number, the same in all of its rows; task: a letter, the task's number
	// from 1 and the numbers of those that it waits for (M1, R2_1, J3_1_2; names with task_, MergeTask or Stg carry none,
	// and their rows are skipped); duration_s: in s; cpu: percent of a core; mem: percent of a machine's memory;
	// instances: not used. A job's chain is task 1 and all tasks that wait for it, directly or not, by number. A state is
	// a task outside of the chain that one inside waits for: in M1, M2, J3_1_2 the task M2. Jobs without a state are left
	// out (see stateless), and so are jobs with a row that is not in the format.
	Trace string `yaml:"trace" atmost:"source of the workload"`
	// Format of the trace. Default: the one that the file's first rows are in. A file may be compressed with gzip or
	// Zstandard, whatever its name.
	Format  string           `yaml:"format" with:"trace" choice:"trace format"`
	Options catalogue.Values `yaml:",options" of:"format"`
	// What becomes of a job of the trace, which is a DAG. chain: a line of its tasks by their numbers, as in the study;
	// dag: the same tasks and states, and each task waits for those that the trace says. What it takes then comes from
	// them, from each the same, and the client's argument goes to the first. Default: chain; dag in the format wfformat,
	// whose files say what each task sends to which.
	Shape string `yaml:"shape" enum:"chain|dag"`
	// Which tasks of a trace's job are invoked. reached: task 1 and those that wait for it, directly or not, as in the
	// study; what they wait for besides is a state. all: every task, and nothing is a state. Formats that know no states
	// have all.
	Tasks string `yaml:"tasks" enum:"reached|all" default:"reached"`
	// What becomes of jobs without a state: keep them, or drop them. Default: drop, but keep where nothing is a state.
	Stateless string `yaml:"stateless" enum:"keep|drop"`
	// A synthesized trace. It is the default.
	Synth *WorkloadSynth `yaml:"synth" atmost:"source of the workload"`
	// How many of the jobs with a state (and of the lengths wanted) to draw: on average, as in the study, unless draw says
	// otherwise. Absent: all of them.
	Jobs int `yaml:"jobs" min:"1" max:"1000000"`
	// Or the jobs themselves, in place of a trace: a list of jobs written down, each with its tasks.
	List []Job `yaml:"jobs,listed" min:"1" max:"100000"`
	// The host whose times the tasks' time is: name, class or model of hosts of one speed.
	Reference string `yaml:"reference,names" with:"jobs"`
	// States that outlive a job, by name, with their sizes: {profile: 1MB}. A client has one of each for all of its jobs
	// whose tasks name it among their states; each finds what the one before has left. They need listed jobs.
	States []JobState `yaml:"states,keyed" with:"jobs" pattern:"node" min:"1" max:"1000"`
	// How jobs are drawn. share, the default: each is kept with the same probability, so that there are about as many as
	// jobs says. exact: exactly as many, all different; those of a smaller number are among those of a larger one.
	// replacement: exactly as many, each drawn from all, so that one may come again, under a name of its own (j_17.2).
	Draw string `yaml:"draw" enum:"share|exact|replacement" with:"jobs"`
	// Number of different functions that the tasks invoke.
	Functions int `yaml:"functions" default:"10" min:"1" max:"10000"`
	// Operations for one second of one core in the trace: an invocation has duration_s · cpu / 100 · ops-factor of them.
	OpsFactor float64 `yaml:"ops-factor" default:"100000" min:"0.001" max:"1e12"`
	// Bytes of an invocation's argument for one percent of memory (mem) in the task's row of the trace.
	ArgFactor float64 `yaml:"arg-factor" default:"1000000" min:"0" max:"1e9"`
	// Bytes of a state for one percent of memory (mem) in its row of the trace; see trace for what a state is.
	StateFactor float64 `yaml:"state-factor" default:"1000000" min:"0" max:"1e9"`
	// Who issues jobs: models or classes of hosts, or names of hosts. Default: rpi3b+ and nvidia_jetson_tx2, as in the
	// study; with topology.nodes, every host.
	Clients []string `yaml:"clients,names" min:"1"`
	// Leave out jobs that arrive before this time of the trace, such as 24h.
	From time.Duration `yaml:"from" max:"8760h"`
	// Leave out jobs that arrive at this time of the trace or later. Absent: no limit.
	Until time.Duration `yaml:"until" min:"1us" max:"8760h"`
	// Leave out jobs with fewer invocations.
	MinLength int `yaml:"min-length" default:"1" min:"1" max:"10000"`
	// Leave out jobs with more invocations. Absent: no limit.
	MaxLength int `yaml:"max-length" min:"1" max:"10000"`
	// Whether a malformed row of the trace is an error; otherwise it is reported and counted, and the job that it belongs
	// to is left out.
	Strict bool `yaml:"strict" default:"false"`
	// Seed of the draw of jobs, of their clients, of the order of placement and of the chains that are replayed. Default:
	// the scenario's.
	Seed *uint64 `yaml:"seed"`
}

// WorkloadSynth says how to synthesize a trace.
type WorkloadSynth struct {
	// The generator.
	Kind string `yaml:"kind,short,required" choice:"workload synthesizer"`
	// Jobs to synthesize; those without a state (see trace) are dropped afterwards.
	Jobs    int              `yaml:"jobs" default:"200" min:"1" max:"100000"`
	Options catalogue.Values `yaml:",options" of:"kind"`
	// Seed of the synthesis. Default: the scenario's.
	Seed *uint64 `yaml:"seed"`
}

// Placement says which node executes what.
type Placement struct {
	// Allocation policy.
	Policy  string           `yaml:"policy" choice:"allocation policy" default:"load+net"`
	Options catalogue.Values `yaml:",options" of:"policy"`
	// Who may execute functions: classes or models of hosts, or names of hosts. Absent: every host.
	Hosts []string `yaml:"hosts,names" min:"1"`
	// What a node's speed in operations/s is: as-published, its memory in bytes (so did the simulator that made the
	// study's figures), or cpu, a million for each thousandth of a core.
	Speed string `yaml:"speed" enum:"as-published|cpu" default:"as-published"`
	// Who picks the worker of each invocation, when it is made: fixed, nobody, for placement has chosen one beforehand;
	// else a dispatcher at each client, among those hosts that may execute functions and have the kind of processor that
	// the function needs. in-function runs with fixed: its state is at one worker.
	Dispatch Dispatch `yaml:"dispatch" default:"fixed"`
	// Lets stateful instances (model in-function) move to where their invocations take less, when that is predicted to be
	// worth it. Absent: they move by events alone.
	Rebalance *Rebalance `yaml:"rebalance"`
}

// Dispatch says who picks the worker of an invocation.
type Dispatch struct {
	// The dispatcher.
	Kind    string           `yaml:"kind,short,required" choice:"dispatcher"`
	Options catalogue.Values `yaml:",options" of:"kind"`
	// Seed of the workers that are drawn. Default: the scenario's.
	Seed *uint64 `yaml:"seed" takes:"kind"`
}

// Replay says how jobs are carried out.
type Replay struct {
	// When chains start.
	Arrival Arrival `yaml:"arrival" default:"sequential"`
	// How many of the jobs become chains: a sample of those that are placed, stratified by the length of chains, in which
	// long ones are more frequent than among all. Each stands for a number of jobs, its weight, and means, quantiles and
	// intervals of the run are those of all jobs. Absent: all of them.
	Chains int `yaml:"chains" min:"1" max:"1000000"`
	// How a function computes: allotted, for the time that the study's model gives it; shared, dividing the node among
	// what runs; burn, by using the processor.
	Compute string `yaml:"compute" enum:"allotted|shared|burn" default:"allotted"`
	// Whether connections are made before the first chain that is measured.
	Warmup bool `yaml:"warmup" default:"true"`
	// Time after which a chain that is not finished has failed, such as 60s.
	Timeout time.Duration `yaml:"timeout" default:"60s" min:"10ms" max:"1h"`
	// What becomes of a chain to whose latency the host may have added too much.
	Disturbed Disturbed `yaml:"disturbed" default:"repeat"`
}

// Disturbed says what becomes of chains to whose latency the host may have added too much.
type Disturbed struct {
	// What becomes of them: repeat, made anew where chains are alone (arrival: sequential, isolated), and kept elsewhere;
	// keep, kept and marked; fail, they end the run.
	Then string `yaml:"then,short,required" enum:"repeat|keep|fail"`
	// Share of a chain's latency that the host may add before the chain counts as disturbed.
	Share float64 `yaml:"share" default:"0.05" min:"0.0001" max:"1"`
	// How often a disturbed chain is made anew at most.
	Repeats int `yaml:"repeats" default:"3" min:"1" max:"100" when:"then=repeat"`
}

// Arrival says when chains start.
type Arrival struct {
	Kind    string           `yaml:"kind,short,required" choice:"arrival process"`
	Options catalogue.Values `yaml:",options" of:"kind"`
	// Seed of the times. Default: the scenario's.
	Seed *uint64 `yaml:"seed" takes:"kind"`
}

// Cost is what traffic with the cloud costs.
type Cost struct {
	// Price of a GB (10^9 bytes) from the cloud to the edge, such as 0.09.
	Egress float64 `yaml:"egress" default:"0" min:"0" max:"1e6"`
	// Price of a GB from the edge to the cloud.
	Ingress float64 `yaml:"ingress" default:"0" min:"0" max:"1e6"`
	// Price of a million messages from the edge to the cloud: requests to a function, a repository or a state.
	Requests float64 `yaml:"requests" default:"0" min:"0" max:"1e6"`
}

// TCP is set inside every node.
type TCP struct {
	// Congestion control, as the kernel calls it: cubic, reno, bbr.
	Congestion string `yaml:"congestion" pattern:"^[a-z][a-z0-9_-]{0,14}$" default:"cubic"`
	// Whether an idle connection forgets its congestion window and starts slowly again.
	SlowStartAfterIdle bool `yaml:"slow-start-after-idle" default:"false"`
}

package network_test

import (
	"strings"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/networktest"
)

// samples are files as the tools write them, made up for these tests, with what is read of each.
var samples = []struct{ format, text, want string }{
	{"containerlab", `name: lab
topology:
  defaults: {kind: linux}
  kinds:
    linux: {image: "alpine:3"}
  groups:
    clients: {image: "me/client:1"}
  nodes:
    r1: {kind: nokia_srlinux, image: ghcr.io/nokia/srlinux}
    br: {kind: bridge}
    a: {}
    b: {group: clients}
  links:
    - endpoints: ["r1:e1-1", "br:eth1"]
    - endpoints: ["a:eth1", "br:eth2"]
      vars: {rate: 10Mbps, delay: 5ms, rate.down: 20Mbps}
    - type: veth
      endpoints:
        - {node: b, interface: eth1}
        - {node: r1, interface: e1-2}
    - endpoints: ["r1:e1-3", "host:veth0"]
    - type: macvlan
      endpoint: {node: a, interface: eth2}
`, `switch r1
switch br
host a alpine:3
host b clients me/client:1
duplex r1-br: r1/e1-1 br/eth1 -
duplex a-br: a/eth1 br/eth2 10Mbps 5ms | 20Mbps 5ms
duplex b-r1: b/eth1 r1/e1-2 -
`},
	{"netlab", `name: net
defaults.device: frr
nodes:
  r-1:
  r2: {device: eos}
  h1: {device: linux}
  h2: {role: host}
links:
- r-1-r2
- [h1, r-1]
- h2: {tc.delay: 3ms}
  r2:
  tc: {rate: 2000, loss: 1}
- interfaces: [r-1, {node: r2, tc: {delay: 10ms, jitter: 2ms}}, h2]
  tc.corrupt: 0.5
- r2
`, `switch r-1
switch r2
host h1
host h2
switch lan-line-14
duplex r-1-r2: r-1 r2 -
duplex h1-r-1: h1 r-1 -
duplex h2-r2: h2 r2 2Mbps 3ms loss 0.01 | 2Mbps loss 0.01
duplex r-1-lan-line-14: r-1 lan-line-14 corrupt 0.005 | -
duplex r2-lan-line-14: r2 lan-line-14 10ms jitter 2ms corrupt 0.005 | -
duplex h2-lan-line-14: h2 lan-line-14 corrupt 0.005 | -
`},
	{"gns3", `{"name": "lab", "project_id": "p", "revision": 9, "topology": {"nodes": [
{"node_id": "u1", "name": "PC 1", "node_type": "vpcs"},
{"node_id": "u2", "name": "sw", "node_type": "ethernet_switch"},
{"node_id": "u3", "name": "box", "node_type": "docker", "properties": {"image": "alpine:3"}}], "links": [
{"nodes": [{"node_id": "u1", "adapter_number": 0, "port_number": 0}, {"node_id": "u2", "label": {"text": "e0"}}],
 "filters": {"delay": [10, 2], "packet_loss": [10], "frequency_drop": [10], "corrupt": [1], "bpf": ["icmp"]}},
{"nodes": [{"node_id": "u3"}, {"node_id": "u2"}], "filters": {}},
{"nodes": [{"node_id": "u3"}, {"node_id": "u1"}], "suspend": true},
{"nodes": [{"node_id": "u3"}, {"node_id": "u1"}], "filters": {"frequency_drop": [-1]}}]}}`, `host PC-1 vpcs
switch sw
host box docker alpine:3
duplex PC-1-sw: PC-1/0/0 sw/e0 10ms jitter 2ms loss 0.19 corrupt 0.01
duplex box-sw: box sw -
`},
	{"mininet", `{"application": {}, "controllers": [], "hosts": [{"number": "1", "opts": {"hostname": "h1"}},
{"number": "2", "opts": {"hostname": "h2"}}], "switches": [{"number": "1", "opts": {"hostname": "s1"}}], "links": [
{"src": "h1", "dest": "s1", "opts": {"bw": 10, "delay": "5ms", "jitter": "1ms", "loss": 2, "max_queue_size": 100}},
{"src": "s1", "dest": "h2", "opts": {"bw": 0.5}}], "version": "2"}`, `host h1
host h2
switch s1
duplex h1-s1: h1 s1 10Mbps 5ms jitter 1ms loss 0.02 queue 151.4kB
duplex s1-h2: s1 h2 500kbps
`},
	{"kollaps", `<?xml version="1.0" encoding="UTF-8"?>
<experiment boot="kollaps:2.0">
  <services>
    <service name="dashboard" image="kollaps/dashboard:1.0" supervisor="true"/>
    <service name="client" image="me/client:1" replicas="2"/>
    <service name="server" image="me/server:1"/>
  </services>
  <bridges><bridge name="s1"/></bridges>
  <links>
    <link origin="client" dest="s1" latency="10" jitter="0.5" upload="100Mbps" download="10Mbps" drop="0.01"/>
    <link origin="s1" dest="server" latency="5" upload="1Gbps"/>
    <link origin="server" dest="s1" latency="6" upload="2Gbps"/>
  </links>
  <dynamic><schedule name="client" time="0.0" action="join"/></dynamic>
</experiment>`, `host client-1 client me/client:1
host client-2 client me/client:1
host server server me/server:1
switch s1
duplex client-1-s1: client-1 s1 100Mbps 10ms jitter 500µs loss 0.01 | 10Mbps 10ms jitter 500µs loss 0.01
duplex client-2-s1: client-2 s1 100Mbps 10ms jitter 500µs loss 0.01 | 10Mbps 10ms jitter 500µs loss 0.01
uplink s1-server: s1 server 1Gbps 5ms
uplink server-s1: server s1 2Gbps 6ms
`},
	{"sndlib", `?SNDlib native format; type: network; version: 1.0
# a comment
META ( granularity = 5min unit = MBITPERSEC )
NODES (
  A ( 11.5 48.0 )
  B ( 16.5 48.0 )
)
LINKS (
  L1 ( A B ) 9920.00 0.00 0.00 0.00 ( 40000.00 10.0 )
  L2 ( B A ) 0.00 0.00 0.00 0.00 ( 155.00 10.0 )
)
DEMANDS ( D ( A B ) 1 12.0 UNLIMITED )
`, `switch A
switch B
host A-h1 host
host B-h1 host
duplex L1: A B 9.92Gbps 1.861062ms
duplex L2: B A 155Mbps 1.861062ms
duplex A-h1-A: A-h1 A -
duplex B-h1-B: B-h1 B -
`},
	{"rtt-matrix", "ms,Wien,Graz,Linz\nWien,0,10,7\nGraz,12.5,0,-\nLinz,7,,0\n", `host Wien host
host Graz host
host Linz host
duplex Wien-Graz: Wien Graz 1Gbps 5ms
duplex Wien-Linz: Wien Linz 1Gbps 3.5ms
duplex Graz-Linz: Graz Linz 1Gbps 8.5ms
`},
	{"pings", `"source","destination","timestamp","min","avg","max","mdev"
"1","2","2020-07-19 00:01:00","90.5","91","95","1"
"2","1","2020-07-19 00:01:00","90.25","91","95","1"
"2","3","2020-07-19 00:01:00","5","6","7","1"
"3","3","2020-07-19 00:01:00","0.1","6","7","1"
"1","3","2020-07-19 00:01:00","","","",""
`, `host n1 host
host n2 host
host n3 host
duplex n1-n2: n1 n2 1Gbps 45.125ms
duplex n2-n3: n2 n3 1Gbps 2.5ms
duplex n1-n3: n1 n3 1Gbps 47.625ms
`},
	{"ripe-atlas", `[{"msm_id": 1, "prb_id": 10, "type": "ping", "dst_name": "a.example",
 "result": [{"rtt": 12.5}, {"x": "*"}, {"rtt": 11}]},
{"msm_id": 1, "prb_id": 11, "type": "ping", "from": "192.0.2.1", "dst_name": "a.example", "result": [{"rtt": 3}]},
{"msm_id": 1, "prb_id": 10, "type": "ping", "dst_addr": "192.0.2.1", "dst_name": "b.example", "result": [{"rtt": 20}]},
{"msm_id": 1, "prb_id": 12, "type": "ping", "dst_addr": "192.0.2.1", "result": [{"x": "*"}]}]`, `host probe-10 host
host a-example host
host b-example host
duplex probe-10-a-example: probe-10 a-example 1Gbps 5.5ms
duplex probe-10-b-example: probe-10 b-example 1Gbps 10ms
duplex a-example-b-example: a-example b-example 1Gbps 1.5ms
`},
}

// options are those of the format's samples: hosts are attached where there are none, and rates are put in where the
// format has none.
func options(format string) network.Options {
	o := networktest.Options()
	o.Component = network.AllComponents
	if format == "containerlab" || format == "netlab" || format == "gns3" || format == "mininet" || format == "kollaps" {
		o.Defaults = [2]network.Shape{}
	}
	if format != "sndlib" {
		o.Hosts = nil
	}
	return o
}

func TestSamples(t *testing.T) {
	c := builtin.Catalogue()
	for _, s := range samples {
		format, err := network.Formats.Find(c, s.format)
		if err != nil {
			t.Fatal(err)
		}
		o := options(s.format)
		made := networktest.Made(t, format, c.Defaults(catalogue.Networks, s.format), s.text, o)
		if got := networktest.Render(made); got != s.want {
			t.Errorf("%s:\n%s\nwant\n%s", s.format, got, s.want)
		}
	}
}

// TestDetected: each sample is recognized, by its own format alone.
func TestDetected(t *testing.T) {
	c := builtin.Catalogue()
	for _, s := range samples {
		if got := network.Detect(c, []byte(s.text)); len(got) != 1 || got[0] != s.format {
			t.Errorf("%s is taken for %v", s.format, got)
		}
	}
	const scenario = "name: x\ntopology:\n  nodes:\n    a: {kind: host}\n" +
		"  links:\n    - {endpoints: [a, b], rate: 20Mbps}\n"
	for _, text := range []string{
		"", "0.05,j_1,M1,10,100,0.3,1\n", "app,func,end_timestamp,duration\n", scenario, "M1,1,j_1\n",
	} {
		if got := network.Detect(c, []byte(text)); len(got) > 0 {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

// TestWrong: what is wrong in a file is said with its line.
func TestWrong(t *testing.T) {
	c := builtin.Catalogue()
	for _, s := range []struct{ format, text, want string }{
		{"containerlab", "a: [\n", "this is not YAML"},
		{"containerlab", "topology: {}", "line 1: this is not a topology file"},
		{"containerlab", "topology:\n  nodes: {a: {kind: linux}}\n  links:\n  - endpoints: [\"a:1\", \"b:1\"]",
			`line 4: there is no node "b"`},
		{"containerlab", "topology:\n  nodes: {a: {}, b: {}}\n  links:\n  - endpoints: [a, b]\n    vars: {rate: 5}",
			"line 5: rate: the rate"},
		{"containerlab", "a: &a [x,x]\nb: &b [*a,*a]\n" + aliases(), "values"},
		{"netlab", "nodes: [a, b]\nlinks:\n- a:\n  b:\n  tc.loss: 200", "line 5: tc.loss: a share of 200 %"},
		{"gns3", `{"topology": {"nodes": [{"node_id": "a"}], "links": [{"nodes": []}]}}`, "line 1: a link has two ends"},
		{"gns3", `{"topology": {"nodes": [], "links": [{"filters": {"delay": [-1]}}]}}`, "the filter delay"},
		{"mininet", `{"hosts": [], "links": [` + "\n" + `{"opts": {"delay": "5"}}]}`,
			`line 2: delay: the time "5" has no unit`},
		{"mininet", `{"hosts": [], "links": [{"opts": {"max_queue_size": 0}}]}`, "not a number of packets"},
		{"kollaps", "<experiment>\n<services><service name='a' replicas='2' share='true'/></services></experiment>",
			"line 2: replicas"},
		{"kollaps", "<experiment><services><service name='a' replicas='999999999'/></services></experiment>",
			"not from 1 to 5000"},
		{"kollaps", "<experiment><links>\n<link drop='NaN'/></links></experiment>", "line 2: drop"},
		{"sndlib", "NODES (\nA ( 1 2 )\n", "line 1: the section NODES is never closed"},
		{"sndlib", "NODES ( A ( 1 2 ) B ( 2 3 ) )\nLINKS (\nL ( A B ) 5 0 0 0 ( ) )",
			"line 3: the link from A to B: it has no rate: its capacity"},
		{"rtt-matrix", "x,a,b\na,0,1\nc,1,0\n", "line 3: the row"},
		{"rtt-matrix", "x,a,b\na,0,1e99\nb,1,0\n", "line 2: column 3"},
		{"pings", "source,destination,min\na,b\n", "line 2: there are 2 fields"},
		{"pings", "source,destination,min\na,b,-1\n", "line 2"},
		{"ripe-atlas", `[{"prb_id": 1, "type": "ping", "dst_name": "x", "result": [{"rtt": "NaN"}]}]`, "line 1: rtt"},
	} {
		format, err := network.Formats.Find(c, s.format)
		if err != nil {
			t.Fatal(err)
		}
		o := networktest.Options()
		o.Defaults = [2]network.Shape{}
		g, err := format.Parse([]byte(s.text), c.Defaults(catalogue.Networks, s.format))
		if err == nil {
			_, err = g.Resolve(o)
		}
		if err == nil || !strings.Contains(err.Error(), s.want) {
			t.Errorf("%s %.50q: %v, want %q", s.format, s.text, err, s.want)
		}
	}
}

// aliases is YAML that repeats a value 2^40 times.
func aliases() string {
	var text strings.Builder
	for c := 'c'; c < 'z'; c++ {
		text.WriteString(string(c) + ": &" + string(c) + " [*" + string(c-1) + ",*" + string(c-1) + "]\n")
	}
	return text.String()
}

// fuzz is the suite's for the samples of a format.
func fuzz(f *testing.F, name string) {
	f.Helper()
	c := builtin.Catalogue()
	format, err := network.Formats.Find(c, name)
	if err != nil {
		f.Fatal(err)
	}
	var seeds []string
	for _, s := range samples {
		if s.format == name {
			seeds = append(seeds, s.text)
		}
	}
	networktest.Fuzz(f, format, c.Defaults(catalogue.Networks, name), seeds...)
}

func FuzzContainerlab(f *testing.F) { fuzz(f, "containerlab") }
func FuzzNetlab(f *testing.F)       { fuzz(f, "netlab") }
func FuzzGNS3(f *testing.F)         { fuzz(f, "gns3") }
func FuzzMininet(f *testing.F)      { fuzz(f, "mininet") }
func FuzzKollaps(f *testing.F)      { fuzz(f, "kollaps") }
func FuzzSNDlib(f *testing.F)       { fuzz(f, "sndlib") }
func FuzzMatrix(f *testing.F)       { fuzz(f, "rtt-matrix") }
func FuzzPings(f *testing.F)        { fuzz(f, "pings") }
func FuzzAtlas(f *testing.F)        { fuzz(f, "ripe-atlas") }

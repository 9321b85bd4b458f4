package topology

import "testing"

func TestNoHost(t *testing.T) {
	topo := New("t")
	for _, v := range []Vertex{
		{Name: "cam_1"}, {Name: "srv"}, {Name: "ap1", Kind: Switch}, {Name: "ix", Kind: Exchange},
		{Name: "wifi", Kind: Link, LinkType: Shared}, {Name: "up", Kind: Link, LinkType: Uplink},
		{Name: "cloud", Kind: Cloud}, {Name: "alone", Kind: Switch},
	} {
		if _, err := topo.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	topo.Join(0, 4, 0)
	topo.Join(4, 2, 0)
	topo.Connect(2, 5, 0)
	topo.Connect(5, 3, 0)
	topo.Join(3, 1, 0)
	topo.Join(3, 6, 0)
	for name, want := range map[string]string{
		"cam_1": "", "cloud": "", "nobody": "",
		"ap1":   "ap1 is a switch, in which nothing runs; name a host, such as cam_1",
		"ix":    "ix is an exchange, in which nothing runs; name a host, such as srv",
		"wifi":  "wifi is a shared medium, in which nothing runs; name a host, such as cam_1",
		"up":    "up is an uplink, in which nothing runs; name a host, such as srv",
		"alone": "alone is a switch, in which nothing runs; name a host",
		"CAM-1": "there is no node CAM-1; did you mean cam_1?", "Cloud": "there is no node Cloud; did you mean cloud?",
	} {
		if got := topo.NoHost(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

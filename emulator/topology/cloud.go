package topology

import (
	"fmt"
	"time"

	"testbed/emulator/units"
)

// CloudLink says how the cloud is attached to an edge network.
type CloudLink struct {
	Name  string        // of the cloud's vertex; empty: cloud
	Delay time.Duration // propagation, one way
	Up    units.BitRate // towards the cloud; 0: not limited
	Down  units.BitRate // from the cloud; 0: not limited
	At    string        // a switch or an exchange; empty: every host has a link of its own
}

// CloudClass is the class of the links that lead to the cloud.
const CloudClass = "cloud"

// AttachCloud adds the cloud and its links after all other vertices, and sets EdgeNetwork to the number
// of those. Without At every host gets a duplex link straight to the cloud, named cloud_HOST, with
// exactly the delay and rates given (the study's cloud is "at 120 ms from every node"); with At one pair
// of links, cloud_up and cloud_down, leads there. It fails, and changes nothing, where there is a cloud
// already, a name is taken, or At is not a switch or an exchange.
func (t *Topology) AttachCloud(c CloudLink) error {
	if c.Name == "" {
		c.Name = "cloud"
	}
	if id, there := t.Cloud(); there {
		return fmt.Errorf("cloud %s: the topology has the cloud %s already", c.Name, t.Vertices[id].Name)
	}
	if c.Delay < 0 || c.Up < 0 || c.Down < 0 {
		return fmt.Errorf("cloud %s: its delay and rates must not be negative", c.Name)
	}
	if err := t.cloudNamesFree(c); err != nil {
		return err
	}
	if c.At == "" {
		return t.attachToHosts(c)
	}
	return t.attachAt(c)
}

func (t *Topology) cloudNamesFree(c CloudLink) error {
	names := []string{c.Name}
	if c.At != "" {
		names = append(names, "cloud_up", "cloud_down")
	} else {
		for _, h := range t.Hosts() {
			names = append(names, "cloud_"+t.Vertices[h].Name)
		}
	}
	for _, name := range names {
		if id, taken := t.Lookup(name); taken {
			return fmt.Errorf("cloud %s: the name %s is taken by a %s; choose another name for that", c.Name, t.named(id),
				t.Vertices[id].Kind)
		}
	}
	return nil
}

func (c CloudLink) shapes() (up, down Shape) {
	return Shape{Rate: c.Up, Delay: c.Delay}, Shape{Rate: c.Down, Delay: c.Delay}
}

func (t *Topology) attachToHosts(c CloudLink) error {
	hosts := t.Hosts()
	t.EdgeNetwork = len(t.Vertices)
	cloud, err := t.Add(Vertex{Name: c.Name, Kind: Cloud, Class: CloudClass})
	if err != nil {
		return err
	}
	up, down := c.shapes()
	for _, h := range hosts {
		link, err := t.Add(Vertex{
			Name: "cloud_" + t.Vertices[h].Name, Kind: Link, Class: CloudClass,
			LinkType: Duplex, Shape: [2]Shape{up, down},
		})
		if err != nil {
			return err
		}
		t.Join(h, link, 0)
		t.Join(link, cloud, 0)
	}
	return nil
}

func (t *Topology) attachAt(c CloudLink) error {
	at, ok := t.Lookup(c.At)
	if !ok {
		return fmt.Errorf("cloud %s: there is no vertex %q to attach it to", c.Name, c.At)
	}
	if k := t.Vertices[at].Kind; k != Switch && k != Exchange {
		return fmt.Errorf("cloud %s: %s is a %s; attach the cloud to a switch or an exchange", c.Name, c.At, k)
	}
	t.EdgeNetwork = len(t.Vertices)
	cloud, err := t.Add(Vertex{Name: c.Name, Kind: Cloud, Class: CloudClass})
	if err != nil {
		return err
	}
	up, down := c.shapes()
	uplink := Vertex{Name: "cloud_up", Kind: Link, Class: CloudClass, LinkType: Uplink, Shape: [2]Shape{up, {}}}
	upID, err := t.Add(uplink)
	if err != nil {
		return err
	}
	downlink := Vertex{Name: "cloud_down", Kind: Link, Class: CloudClass, LinkType: Downlink, Shape: [2]Shape{down, {}}}
	downID, err := t.Add(downlink)
	if err != nil {
		return err
	}
	t.Connect(at, upID, 0)
	t.Connect(upID, cloud, 0)
	t.Connect(cloud, downID, 0)
	t.Connect(downID, at, 0)
	return nil
}

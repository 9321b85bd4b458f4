package carriertest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	carrierswarm "testbed/emulator/machines/carrier/swarm"
	"testbed/emulator/noderuntime/docker"
)

// here is where the controller is found from the machines.
const here = "10.231.77.254:0"

func apiOf(t *testing.T, at testenv.Machines, n int) *client.Client {
	t.Helper()
	api, err := client.NewClientWithOpts(client.WithHost(at.Engine(n)), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	return api
}

// swarmOf is the carrier of the machines' Swarm, which is made where there is none.
func swarmOf(t *testing.T, at testenv.Machines) *carrierswarm.Carrier {
	t.Helper()
	api := apiOf(t, at, 1)
	info, err := api.Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if info.Swarm.LocalNodeState != swarm.LocalNodeStateActive {
		at.Do(t, "swarm")
	}
	return carrierswarm.New(carrierswarm.Options{API: api, Program: program.At("/proc/self/exe"), Listen: here})
}

// loadEverywhere gives the agents' image to every machine, as a Swarm does not.
func loadEverywhere(t *testing.T, at testenv.Machines) {
	t.Helper()
	images := docker.New(program.At("/proc/self/exe"))
	for n := 1; n <= at.Count; n++ {
		if _, err := images.EnsureImage(context.Background(), apiOf(t, at, n)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSwarm(t *testing.T) {
	at := testenv.NewMachines(t)
	worker := carrierswarm.New(carrierswarm.Options{API: apiOf(t, at, 2), Program: program.At("/proc/self/exe")})
	c := swarmOf(t, at)
	if _, _, err := worker.Machines(context.Background()); !errors.Is(err, carrierswarm.ErrNoManager) {
		t.Errorf("a worker's engine: %v", err)
	}
	loadEverywhere(t, at)
	Run(t, at, c)
	nothingInTheSwarm(t, at)
}

// nothingInTheSwarm fails where a service or secret is left.
func nothingInTheSwarm(t *testing.T, at testenv.Machines) {
	t.Helper()
	api := apiOf(t, at, 1)
	services, err := api.ServiceList(context.Background(), swarm.ServiceListOptions{})
	if err != nil || len(services) > 0 {
		t.Errorf("services left: %v, %v", services, err)
	}
	secrets, err := api.SecretList(context.Background(), swarm.SecretListOptions{})
	if err != nil || len(secrets) > 0 {
		t.Errorf("secrets left: %v, %v", secrets, err)
	}
}

// TestSwarmNamesWhatLacksTheImage, and one testbed's agents are one controller's.
func TestSwarmNamesWhatLacksTheImage(t *testing.T) {
	at := testenv.NewMachines(t)
	c := swarmOf(t, at)
	list, unfit, err := c.Machines(context.Background())
	if err != nil || len(unfit) > 0 {
		t.Fatal(err, unfit)
	}
	missing := carrierswarm.New(carrierswarm.Options{API: apiOf(t, at, 1), Listen: here,
		Image: "sha256:" + strings.Repeat("0123456789abcdef", 4)})
	_, err = missing.Start(context.Background(), Launch(at, "lacking"), list)
	for _, m := range list {
		if err == nil || !strings.Contains(err.Error(), m.ID) || !strings.Contains(err.Error(), "docker load") {
			t.Errorf("got %v, want that %s lacks the image, and what to do", err, m.Name)
		}
	}
	nothingInTheSwarm(t, at)
	loadEverywhere(t, at)
	agents, err := c.Start(context.Background(), Launch(at, "one"), list[:1])
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := c.Remove(context.Background(), "one"); err != nil {
			t.Error(err)
		}
		nothingInTheSwarm(t, at)
	}()
	defer agents[0].Close()
	if _, err := c.Start(context.Background(), Launch(at, "one"), list[:1]); err == nil ||
		!strings.Contains(err.Error(), "there already") {
		t.Errorf("a second controller: %v", err)
	}
	if _, err := agents[0].Runtime().Find(context.Background(), ""); err != nil {
		t.Errorf("the first one's agents, after the second was refused: %v", err)
	}
}

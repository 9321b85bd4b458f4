package cli

import "github.com/urfave/cli/v2"

func runCommand(s *State) *cli.Command      { return &cli.Command{Name: "run"} }
func replayCommand(s *State) *cli.Command   { return &cli.Command{Name: "replay"} }
func simulateCommand(s *State) *cli.Command { return &cli.Command{Name: "simulate"} }
func compareCommand(s *State) *cli.Command  { return &cli.Command{Name: "compare"} }

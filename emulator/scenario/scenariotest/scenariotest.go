// Package scenariotest generates broken scenario files, for the tests of everything that reads scenarios.
package scenariotest

// Case is a broken file.
type Case struct {
	Name       string
	YAML       string
	WantLine   int  // line of an error that must be reported
	Structural bool // the JSON Schema must refuse it too: keys, types and the spelling of quantities
}

// Good is the sound file that the cases are made from. Each of its keys has a line of its own.
const Good = `name: bad-files
description: every key once
seed: 3
topology:
  nodes:
    cam:
      kind: host
      class: camera
      model: rpi
      arch: arm32
      memory: 1GiB
      cpu: 4
    srv:
      class: server
      memory: 8GiB
      image: example/server:1.2
      agent: true
    gw:
      kind: switch
    ix:
      kind: exchange
  links:
    - name: wifi
      type: shared
      class: wlan
      endpoints: [cam, gw]
      rate: 50Mbps
      delay: 3ms
      jitter: 1ms
      loss: 0.1%
      reorder: 1%
      duplicate: 0.2%
      corrupt: 0.01
      queue: 256KiB
    - name: access
      class: isp
      endpoints: [gw, ix]
      rtt: 10ms
      rate:
        up: 20Mbps
        down: 200Mbps
    - endpoints: [srv, ix]
      rate: 1Gbps
cloud:
  at: ix
  rtt: 120ms
  rate: 50Mbps
classes:
  isp:
    queue: 1MiB
overrides:
  srv-ix:
    rate: 900Mbps
workload:
  synth:
    kind: spar
    jobs: 50
    seed: 4
  jobs: 10
  functions: 5
  ops-factor: 1e5
  arg-factor: 1e6
  state-factor: 1e6
  clients: [camera]
  min-length: 1
  max-length: 9
  strict: false
placement:
  policy: load+net
  speed: cpu
models: [external, in-client]
replay:
  arrival:
    kind: poisson
    rate: 5/s
  compute: shared
  warmup: true
  timeout: 60s
tcp:
  congestion: cubic
  slow-start-after-idle: false
runtime: auto
fabric: auto
resources: emulate
images:
  server:
    image: example/server@sha256:0123456789abcdef
    agent: false
influx:
  url: http://localhost:8086
  org: lab
  bucket: runs
  token-env: INFLUX_TOKEN
  required: true
events:
  - at: 30s
    link: wifi
    set:
      loss: 2%
  - at: 31s
    link: [wifi]
    reset: true
  - at: 32s
    node: ix
    down: true
  - at: 33s
    node: [ix]
    up: true
  - from: 40s
    to: 41s
    partition: [cam, srv]
  - from: 50s
    to: 60s
    link: access
    flap:
      period: 2s
      down: 500ms
`

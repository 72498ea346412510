// Command bench measures a Magpie as its users meet it: the built program, durable, over real HTTP with real signatures, workers running
// meanwhile, the load coming from this process on the same machine. It prints requests a second, latencies, memory and ratios.
//
//	go run ./internal/bench                   # both engines, and moto_server where it is installed
//	go run ./internal/bench -engine sqlite
//
// load.go is the client, scenario.go, organization.go and jobs.go what is measured, rig.go starts and stops what it is measured on.
package main

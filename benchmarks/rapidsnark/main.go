// Times rapidsnark on a key and a witness, for comparison only.
//
// Usage: rapidsnark KEY WITNESS RUNS; prints one JSON object with the seconds of each run and the last proof.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/iden3/go-rapidsnark/prover"
)

type report struct {
	Seconds []float64       `json:"seconds"`
	Proof   json.RawMessage `json:"proof"`
	Public  json.RawMessage `json:"public"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 4 {
		return fmt.Errorf("usage: %s KEY WITNESS RUNS", os.Args[0])
	}
	key, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	witness, err := os.ReadFile(os.Args[2])
	if err != nil {
		return err
	}
	runs, err := strconv.Atoi(os.Args[3])
	if err != nil {
		return err
	}
	var out report
	for i := 0; i < runs; i++ {
		start := time.Now()
		proof, public, err := prover.Groth16ProverRaw(key, witness)
		if err != nil {
			return err
		}
		out.Seconds = append(out.Seconds, time.Since(start).Seconds())
		out.Proof, out.Public = json.RawMessage(proof), json.RawMessage(public)
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

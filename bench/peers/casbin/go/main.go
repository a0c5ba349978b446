// Casbin in Go as a program that decides in process; the commands are those of `src/peers/embedded.rs`.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/casbin/casbin/v3"
)

type question struct {
	user, film string
	labels     []string
}

func main() {
	log.SetFlags(0)
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

// serve answers commands until its input ends.
func serve(model, folder string) error {
	enforcer, err := casbin.NewEnforcer(model, filepath.Join(folder, "policy.csv"))
	if err != nil {
		return err
	}
	questions, err := readQuestions(filepath.Join(folder, "questions.tsv"))
	if err != nil {
		return err
	}
	fmt.Println("ready", version())
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		command, argument, _ := strings.Cut(commands.Text(), " ")
		seconds, err := strconv.Atoi(argument)
		if err != nil {
			return err
		}
		ask := run
		if command == "answer" {
			ask = answers
		}
		line, err := ask(enforcer, questions, time.Duration(seconds)*time.Second)
		if err != nil {
			return err
		}
		fmt.Println(line)
	}
	return commands.Err()
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if strings.HasPrefix(module.Path, "github.com/casbin/casbin/") {
			return module.Version
		}
	}
	return "of an unknown version"
}

func readQuestions(path string) ([]question, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var questions []question
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		labels := strings.Split(fields[3], ",")
		for index := range labels {
			labels[index] = "label:" + labels[index]
		}
		questions = append(questions, question{fields[0], "film:" + fields[2], labels})
	}
	return questions, nil
}

func mayRead(enforcer *casbin.Enforcer, asked question) (bool, error) {
	excluded, err := enforcer.Enforce(asked.user, asked.film, "exclude")
	if err != nil || excluded {
		return false, err
	}
	for _, label := range asked.labels {
		allowed, err := enforcer.Enforce(asked.user, label, "read")
		if err != nil || !allowed {
			return false, err
		}
	}
	return true, nil
}

func answers(enforcer *casbin.Enforcer, questions []question, limit time.Duration) (string, error) {
	var given strings.Builder
	start := time.Now()
	for _, asked := range questions {
		allowed, err := mayRead(enforcer, asked)
		if err != nil {
			return "", err
		}
		if allowed {
			given.WriteByte('1')
		} else {
			given.WriteByte('0')
		}
		if time.Since(start) > limit {
			break
		}
	}
	return given.String(), nil
}

func run(enforcer *casbin.Enforcer, questions []question, limit time.Duration) (string, error) {
	var times []time.Duration
	start := time.Now()
	last := start
	for last.Sub(start) < limit {
		if _, err := mayRead(enforcer, questions[len(times)%len(questions)]); err != nil {
			return "", err
		}
		now := time.Now()
		times = append(times, now.Sub(last))
		last = now
	}
	slices.Sort(times)
	us := func(percent int) float64 {
		return float64(times[len(times)*percent/100].Nanoseconds()) / 1000
	}
	measured, err := json.Marshal(map[string]float64{
		"per_second": float64(len(times)) / last.Sub(start).Seconds(),
		"p50_us":     us(50),
		"p99_us":     us(99),
	})
	return string(measured), err
}

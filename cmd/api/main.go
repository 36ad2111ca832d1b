// Command api serves BERT over HTTP: /classify, /sentiment, /ner, /fill-mask,
// /nsp and more, from the two models inside the binary or from directories.
//
//	cloze-api                                serve on 127.0.0.1:8080
//	cloze-api --model en=./my-model          serve that model instead
//	cloze-api --model en --model ./my-model  serve it beside the one inside
//	cloze-api healthcheck                    ask a running server whether it is ready
//
// Every flag --name can be given as the environment variable CLOZE_NAME.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// started is when the process began, as near as Go can tell.
var started = time.Now()

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "cloze-api:", err)
		os.Exit(1)
	}
}

// run is the whole program. It returns when ctx ends and the requests in
// flight have been answered.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	o, command, err := parseOptions(args, env, stdout)
	if err != nil {
		return err
	}
	switch command {
	case "healthcheck":
		return checkHealth(ctx, o.Listen)
	case "serve":
		return serve(ctx, o, newLogger(o, stderr))
	default: // help or version, already printed
		return nil
	}
}

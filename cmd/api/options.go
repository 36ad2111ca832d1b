package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"cloze/internal/kernels"
)

// options are the flags; envName gives each its environment variable.
type options struct {
	Listen    string   `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Model     []string `help:"Model to serve: a directory in Hugging Face's layout, as DIR or ID=DIR, or one inside the binary (en or zh); may be repeated. Default: those inside the binary." placeholder:"ID=DIR|en|zh" sep:"none"`
	Precision string   `help:"Precision of the matrix products: ${precisions}; auto is bfloat16 where the processor has AMX, float32 elsewhere; float16 is for processors with AVX512-FP16." default:"auto" enum:"${precisions}"`
	Threads   int      `help:"Threads that compute; 0 is one per CPU." default:"0"`

	MaxBodyBytes        int64 `help:"Largest request body, counted after decompression." default:"524288"`
	MaxTexts            int   `help:"Most texts in one request." default:"256"`
	MaxTokensPerRequest int   `help:"Most word pieces in one request, those that windows read twice counted twice." default:"32768"`
	MaxInFlight         int   `help:"Most requests worked on or waiting, each counted once more for every 4 KiB of its body; more are refused with 429." default:"256"`
	MaxAnswerBytes      int64 `help:"Most memory for answers that are being made or sent, such as attention maps; more are refused with 429." default:"536870912"`
	MaxConnections      int   `help:"Most connections at a time; where more come, those that wait for their next request are closed, and new ones wait to be accepted." default:"1024"`
	QueueTokens         int   `help:"Most word pieces that may wait; more are refused with 429." default:"65536"`
	BatchTokens         int   `help:"Most word pieces that one pass joins." default:"512"`

	RequestTimeout    time.Duration `help:"Longest time from a request's body to its answer." default:"30s"`
	ReadHeaderTimeout time.Duration `help:"Longest time for a request's headers to arrive." default:"5s"`
	ReadTimeout       time.Duration `help:"Longest time for a whole request to arrive." default:"15s"`
	WriteTimeout      time.Duration `help:"Longest time from a request's headers to the end of its answer." default:"60s"`
	IdleTimeout       time.Duration `help:"Longest time that a connection is kept open between requests." default:"2m"`
	DrainDelay        time.Duration `help:"Time after SIGTERM in which the server still answers but says that it is not ready, until load balancers have seen it; then it refuses what is new." default:"1s"`
	ShutdownTimeout   time.Duration `help:"Time after SIGTERM at which requests still in flight are cut off." default:"25s"`

	CORSOrigins []string `name:"cors-origins" help:"Origin whose pages may call the API; * is any; may be repeated." placeholder:"ORIGIN" sep:"none"`
	LogLevel    string   `help:"Least important level to log: ${enum}." default:"info" enum:"debug,info,warn,error"`
	LogFormat   string   `help:"Format of the log: ${enum}; auto is console on a terminal." default:"auto" enum:"auto,json,console"`

	Version     kong.VersionFlag `help:"Print the version."`
	Serve       struct{}         `cmd:"" default:"1" help:"Serve (the default)."`
	Healthcheck struct{}         `cmd:"" help:"Ask the server on --listen whether it is ready; exit status 0 if so."`
}

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "CLOZE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// parseOptions reads flags, then the environment, then defaults. A variable
// that is empty counts as not set, as compose files write ${NAME:-}. The
// command is "" if the arguments asked for something that has been printed already.
func parseOptions(args []string, env func(string) string, stdout io.Writer) (o options, command string, err error) {
	type printed struct{} // --help and --version end the parsing
	defer func() {
		if value := recover(); value != nil {
			if _, ok := value.(printed); !ok {
				panic(value)
			}
			command, err = "", nil
		}
	}()
	fromEnv := kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		value := env(envName(flag.Name))
		switch {
		case value == "" || flag.Name == "help" || flag.Name == "version":
			return nil, nil //nolint:nilnil // kong's way to say that the resolver has nothing
		case flag.IsSlice(): // a variable cannot be repeated
			var values []any
			for _, one := range kong.SplitEscaped(value, ',') {
				values = append(values, one)
			}
			return values, nil
		default:
			return value, nil
		}
	})
	parser, err := kong.New(&o,
		kong.Name("cloze-api"),
		kong.Description("Serve BERT over HTTP. Every flag --name can be given as the environment variable CLOZE_NAME."),
		kong.Vars{"version": buildInfo().Version, "precisions": strings.Join(kernels.PrecisionChoices(), ",")},
		kong.Resolvers(fromEnv),
		kong.KindMapper(reflect.String, kong.MapperFunc(decodeString)),
		kong.ValueFormatter(func(value *kong.Value) string {
			help := kong.DefaultHelpValueFormatter(value)
			if value.Flag != nil && value.Flag.Name != "help" && value.Flag.Name != "version" {
				help += " ($" + envName(value.Flag.Name)
				if value.IsSlice() {
					help += ", separated by commas"
				}
				help += ")"
			}
			return help
		}),
		kong.Writers(stdout, stdout),
		kong.Exit(func(int) { panic(printed{}) }),
	)
	if err != nil {
		return o, "", err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return o, "", err
	}
	return o, parsed.Command(), o.check()
}

// decodeString refuses the empty string: it is what "$UNSET" is to a shell, and
// to listen on no address is to listen on all of them.
func decodeString(ctx *kong.DecodeContext, target reflect.Value) error {
	var value string
	if err := ctx.Scan.PopValueInto("string", &value); err != nil {
		return err
	}
	if value == "" {
		return errors.New("must not be empty")
	}
	target.SetString(value)
	return nil
}

// mostBodyBytes is more than any body needs, and far from what numbers can hold.
const mostBodyBytes = 1 << 30

// check refuses what no server can run with.
func (o *options) check() error {
	var errs []error
	positive := func(flag string, ok bool) {
		if !ok {
			errs = append(errs, fmt.Errorf("--%s must be positive", flag))
		}
	}
	positive("max-body-bytes", o.MaxBodyBytes > 0)
	if o.MaxBodyBytes > mostBodyBytes {
		errs = append(errs, fmt.Errorf("--max-body-bytes must be at most %d", mostBodyBytes))
	}
	positive("max-texts", o.MaxTexts > 0)
	positive("max-tokens-per-request", o.MaxTokensPerRequest > 0)
	positive("max-in-flight", o.MaxInFlight > 0)
	positive("max-answer-bytes", o.MaxAnswerBytes > 0)
	positive("max-connections", o.MaxConnections > 0)
	positive("queue-tokens", o.QueueTokens > 0)
	positive("batch-tokens", o.BatchTokens > 0)
	positive("request-timeout", o.RequestTimeout > 0)
	positive("read-header-timeout", o.ReadHeaderTimeout > 0)
	positive("read-timeout", o.ReadTimeout > 0)
	positive("write-timeout", o.WriteTimeout > 0)
	positive("idle-timeout", o.IdleTimeout > 0)
	positive("shutdown-timeout", o.ShutdownTimeout > 0)
	if o.Threads < 0 || o.DrainDelay < 0 {
		errs = append(errs, errors.New("--threads and --drain-delay must not be negative"))
	}
	if o.DrainDelay >= o.ShutdownTimeout {
		errs = append(errs, errors.New("--drain-delay must be shorter than --shutdown-timeout, or what comes until then is cut off"))
	}
	for _, origin := range o.CORSOrigins {
		if !isOrigin(origin) {
			errs = append(errs, fmt.Errorf("--cors-origins: %q is neither * nor an origin such as https://example.com:8443", origin))
		}
	}
	if o.QueueTokens < o.MaxTokensPerRequest {
		errs = append(errs, errors.New("--queue-tokens must not be below --max-tokens-per-request, or the largest request never finds room"))
	}
	if o.WriteTimeout <= o.ReadTimeout+o.RequestTimeout {
		errs = append(errs, errors.New("--write-timeout must be longer than --read-timeout and --request-timeout together, or late answers are cut off"))
	}
	return errors.Join(errs...)
}

// isOrigin says whether a browser may send the text as Origin, or it is *.
func isOrigin(text string) bool {
	if text == "*" || text == "null" { // null is that of files and sandboxes
		return true
	}
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && u.Host != "" && text == u.Scheme+"://"+u.Host
}

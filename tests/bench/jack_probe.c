/* Native JACK clients to measure against: as plain as can be, so that what they lose the system loses.
 *
 *   jack_probe synth NAME [BUSY_US]   ports midi_in, voice (a burst for every note-on, at its exact sample) and count (a running ramp);
 *                                     it computes for BUSY_US microseconds in each period, before it gives out the ramp
 *   jack_probe record NAME OUT SECONDS EVENTS N
 *                                     records in_1..in_N to OUT (float32, one input after the other) and the frame time of each period to
 *                                     OUT.frames (uint32), and plays EVENTS ("frame status data data" per line) on midi_out
 *
 *   jack_probe keys NAME              a keyboard: plays each "status data data" that it reads, on midi_out
 *
 * All say "ready" first. The recorder begins when it reads a line, ends by itself and prints its xruns; the others end with their input.
 * cc -O2 -o jack_probe jack_probe.c -ljack -lm
 */
#include <jack/jack.h>
#include <jack/midiport.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_INPUTS 8
static jack_client_t *client;
static jack_port_t *midi, *ports[MOST_INPUTS];
static float *recorded;
static jack_nframes_t *times;
static long length, done, periods, burst = 1 << 30, counter;
static int inputs, running, xruns;
static long busy_ns;
static struct { long frame; unsigned char data[3]; } *events;
static long event_count, next_event;

static int on_xrun(void *arg) { (void)arg; xruns += running; return 0; }

/* The thread's own time: what the system takes away meanwhile is not computing. */
static long computed_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int synth(jack_nframes_t frames, void *arg)
{
    (void)arg;
    for (long end = busy_ns ? computed_ns() + busy_ns : 0; busy_ns && computed_ns() < end;);
    void *in = jack_port_get_buffer(midi, frames);
    float *voice = jack_port_get_buffer(ports[0], frames), *count = jack_port_get_buffer(ports[1], frames);
    jack_nframes_t event_count_ = jack_midi_get_event_count(in), e = 0;
    jack_midi_event_t event;
    for (jack_nframes_t i = 0; i < frames; i++) {
        for (; e < event_count_ && jack_midi_event_get(&event, in, e) == 0 && event.time <= i; e++)
            if (event.size == 3 && (event.buffer[0] & 0xF0) == 0x90 && event.buffer[2])
                burst = 0;
        voice[i] = burst < 480 ? 0.5f * cosf(0.2f * burst) * (1 - burst / 480.0f) : 0;
        burst++;
        count[i] = (counter++ & 0xFFFFF) / (float)0x100000;     /* exact in float32 */
    }
    return 0;
}

static int record(jack_nframes_t frames, void *arg)
{
    (void)arg;
    void *out = jack_port_get_buffer(midi, frames);
    jack_midi_clear_buffer(out);
    if (!running || done >= length)
        return 0;
    long now = done < length - frames ? (long)frames : length - done;
    for (int i = 0; i < inputs; i++)
        memcpy(recorded + i * length + done, jack_port_get_buffer(ports[i], frames), now * sizeof(float));
    for (; next_event < event_count && events[next_event].frame < done + (long)frames; next_event++)
        jack_midi_event_write(out, events[next_event].frame - done, events[next_event].data, 3);
    times[periods++] = jack_last_frame_time(client);
    done += now;
    return 0;
}

/* Written by the reader, taken by the callback; both counts only grow. */
#define WAITING 1024
static unsigned char waiting[WAITING][3];
static unsigned long written, taken;

static int keys(jack_nframes_t frames, void *arg)
{
    (void)arg;
    void *out = jack_port_get_buffer(midi, frames);
    jack_midi_clear_buffer(out);
    for (unsigned long end = __atomic_load_n(&written, __ATOMIC_ACQUIRE); taken < end; taken++) {
        unsigned char *event = waiting[taken % WAITING], kind = event[0] & 0xF0;
        if (jack_midi_event_write(out, 0, event, kind == 0xC0 || kind == 0xD0 ? 2 : 3))
            break;
    }
    return 0;
}

static void read_keys(void)
{
    unsigned a, b, c;
    while (scanf("%u %u %u", &a, &b, &c) == 3) {
        unsigned char *event = waiting[written % WAITING];
        event[0] = a, event[1] = b, event[2] = c;
        __atomic_store_n(&written, written + 1, __ATOMIC_RELEASE);
    }
}

static void say(const char *text) { puts(text); fflush(stdout); }

int main(int argc, char **argv)
{
    char line[64], name[16];
    if (argc < 3 || !(client = jack_client_open(argv[2], JackNoStartServer, NULL)))
        return fprintf(stderr, "no JACK server, or no name\n"), 1;
    jack_set_xrun_callback(client, on_xrun, NULL);
    if (!strcmp(argv[1], "synth")) {
        midi = jack_port_register(client, "midi_in", JACK_DEFAULT_MIDI_TYPE, JackPortIsInput, 0);
        ports[0] = jack_port_register(client, "voice", JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput, 0);
        ports[1] = jack_port_register(client, "count", JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput, 0);
        busy_ns = argc > 3 ? 1000 * atol(argv[3]) : 0;
        jack_set_process_callback(client, synth, NULL);
        jack_activate(client);
        say("ready");
        while (fgets(line, sizeof line, stdin));
    } else if (!strcmp(argv[1], "keys")) {
        midi = jack_port_register(client, "midi_out", JACK_DEFAULT_MIDI_TYPE, JackPortIsOutput, 0);
        jack_set_process_callback(client, keys, NULL);
        jack_activate(client);
        say("ready");
        read_keys();
    } else {
        if (argc < 7)
            return fprintf(stderr, "record NAME OUT SECONDS EVENTS N\n"), 1;
        inputs = atoi(argv[6]);
        length = (long)(atof(argv[4]) * jack_get_sample_rate(client));
        recorded = calloc((size_t)inputs * length, sizeof(float));
        times = calloc(length / 8 + 16, sizeof *times);
        memset(recorded, 0, (size_t)inputs * length * sizeof(float));
        FILE *file = fopen(argv[5], "r");
        events = calloc(1 << 20, sizeof *events);
        for (unsigned a, b, c; file && fscanf(file, "%ld %u %u %u", &events[event_count].frame, &a, &b, &c) == 4; event_count++)
            events[event_count].data[0] = a, events[event_count].data[1] = b, events[event_count].data[2] = c;
        midi = jack_port_register(client, "midi_out", JACK_DEFAULT_MIDI_TYPE, JackPortIsOutput, 0);
        for (int i = 0; i < inputs; i++) {
            snprintf(name, sizeof name, "in_%d", i + 1);
            ports[i] = jack_port_register(client, name, JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
        }
        jack_set_process_callback(client, record, NULL);
        jack_activate(client);
        say("ready");
        if (!fgets(line, sizeof line, stdin))
            return 1;
        running = 1;
        while (done < length)
            usleep(20000);
        running = 0;
        snprintf(line, sizeof line, "%d", xruns);
        char path[4096];
        snprintf(path, sizeof path, "%s.frames", argv[3]);
        FILE *out = fopen(argv[3], "wb"), *frames = fopen(path, "wb");
        if (!out || !frames)
            return fprintf(stderr, "cannot write %s\n", argv[3]), 1;
        fwrite(recorded, sizeof(float), (size_t)inputs * length, out);
        fwrite(times, sizeof *times, periods, frames);
        fclose(out);
        fclose(frames);
        say(line);
    }
    jack_client_close(client);
    return 0;
}

/* PortMidi's functions, as its library has them, with one input whose messages a file brings: three bytes each. For the tests alone. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct { int version; const char *interface; const char *name; int input, output, opened; } Info;
typedef struct { int32_t message, timestamp; } Event;

static Info device = {1, "ALSA", "Stub Keys", 1, 0, 0};
static FILE *file;

int Pm_Initialize(void) { return 0; }
int Pm_Terminate(void) { return 0; }
int Pm_CountDevices(void) { return 1; }
int Pm_GetDefaultInputDeviceID(void) { return 0; }
int Pm_GetDefaultOutputDeviceID(void) { return -1; }
const Info *Pm_GetDeviceInfo(int id) { return id == 0 ? &device : NULL; }
int Pm_HasHostError(void *stream) { (void)stream; return 0; }
const char *Pm_GetErrorText(int error) { (void)error; return "an error"; }
void Pm_GetHostErrorText(char *text, unsigned size) { (void)size; *text = 0; }
int Pm_OpenInput(void **stream, int id, void *info, int32_t size, void *time, void *time_info) {
  (void)id; (void)info; (void)size; (void)time; (void)time_info;
  file = fopen(getenv("PORTMIDI_STUB"), "rb"); *stream = file; device.opened = 1; return file ? 0 : -10000;
}
int Pm_OpenOutput(void) { return -10000; }
int Pm_Close(void *stream) { if (stream) fclose(stream); device.opened = 0; file = NULL; return 0; }
int Pm_Poll(void *stream) { int c = fgetc(stream); if (c == EOF) { clearerr(stream); return 0; } ungetc(c, stream); return 1; }
int Pm_Read(void *stream, Event *event, int32_t length) {
  unsigned char b[3] = {0}; (void)length; if (fread(b, 1, 3, stream) != 3) return 0;
  event->message = b[0] | b[1] << 8 | b[2] << 16; event->timestamp = 0; return 1;
}
int Pm_Write(void *s, Event *e, int32_t n) { (void)s; (void)e; (void)n; return 0; }
int Pm_WriteShort(void *s, int32_t t, int32_t m) { (void)s; (void)t; (void)m; return 0; }
int Pm_WriteSysEx(void *s, int32_t t, char *m) { (void)s; (void)t; (void)m; return 0; }
int Pm_SetFilter(void *s, int32_t f) { (void)s; (void)f; return 0; }
int Pm_SetChannelMask(void *s, int m) { (void)s; (void)m; return 0; }
int Pm_Abort(void *s) { (void)s; return 0; }
int Pt_Start(int r, void *c, void *u) { (void)r; (void)c; (void)u; return 0; }
int Pt_Stop(void) { return 0; }
int Pt_Started(void) { return 1; }
int32_t Pt_Time(void) { return 0; }

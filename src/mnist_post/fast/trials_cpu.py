"""Every trial of the ladder, as `scripts/fast_trials.py` wrote them."""

# region trials
CPU_TRIALS = """\
# command: python scripts/fast_trials.py --device cpu --seeds 10 --jobs 2
# date: 2026-11-26
# machine: AMD EPYC, one thread per trial; AVX512
# versions: Python 3.11.7, torch 2.15.0+cu132
rung,seed,seconds,compilation,steps,epochs,accuracy,reached
plain loop,0,27.497,0.0,1470,1.878,98.76,1
plain loop,1,26.64,0.0,1372,1.752,98.52,1
plain loop,2,25.117,0.0,1274,1.627,98.51,1
plain loop,3,20.566,0.0,1176,1.502,98.53,1
plain loop,4,28.294,0.0,1666,2.128,98.51,1
plain loop,5,28.94,0.0,1666,2.128,98.56,1
plain loop,6,23.795,0.0,1372,1.752,98.67,1
plain loop,7,33.269,0.0,2058,2.629,98.51,1
plain loop,8,18.402,0.0,1078,1.377,98.53,1
plain loop,9,26.554,0.0,1568,2.003,98.52,1
digits in memory,0,11.19,0.0,1176,1.502,98.6,1
digits in memory,1,15.297,0.0,1568,2.003,98.52,1
digits in memory,2,14.543,0.0,1470,1.878,98.58,1
digits in memory,3,16.676,0.0,1666,2.128,98.5,1
digits in memory,4,11.242,0.0,1078,1.377,98.52,1
digits in memory,5,12.326,0.0,1372,1.752,98.52,1
digits in memory,6,12.49,0.0,1470,1.878,98.72,1
digits in memory,7,13.561,0.0,1666,2.128,98.6,1
digits in memory,8,9.838,0.0,1176,1.502,98.5,1
digits in memory,9,9.779,0.0,1176,1.502,98.53,1
fused optimiser,0,10.617,0.0,1274,1.627,98.68,1
fused optimiser,1,12.137,0.0,1470,1.878,98.51,1
fused optimiser,2,12.485,0.0,1470,1.878,98.56,1
fused optimiser,3,13.963,0.0,1666,2.128,98.54,1
fused optimiser,4,8.746,0.0,1078,1.377,98.56,1
fused optimiser,5,9.673,0.0,1274,1.627,98.5,1
fused optimiser,6,10.945,0.0,1470,1.878,98.53,1
fused optimiser,7,12.809,0.0,1666,2.128,98.53,1
fused optimiser,8,12.119,0.0,1568,2.003,98.64,1
fused optimiser,9,10.4,0.0,1372,1.752,98.52,1
channels last,0,8.168,0.0,1274,1.627,98.61,1
channels last,1,8.282,0.0,1274,1.627,98.54,1
channels last,2,7.421,0.0,1274,1.627,98.51,1
channels last,3,9.15,0.0,1568,2.003,98.66,1
channels last,4,6.425,0.0,1078,1.377,98.55,1
channels last,5,10.248,0.0,1666,2.128,98.67,1
channels last,6,9.042,0.0,1470,1.878,98.54,1
channels last,7,9.995,0.0,1666,2.128,98.63,1
channels last,8,9.521,0.0,1568,2.003,98.52,1
channels last,9,7.222,0.0,1176,1.502,98.71,1
one-cycle schedule,0,4.298,0.0,686,0.876,98.73,1
one-cycle schedule,1,4.303,0.0,686,0.876,98.71,1
one-cycle schedule,2,4.181,0.0,686,0.876,98.51,1
one-cycle schedule,3,4.133,0.0,686,0.876,98.6,1
one-cycle schedule,4,5.166,0.0,783,1.0,98.26,0
one-cycle schedule,5,4.34,0.0,686,0.876,98.68,1
one-cycle schedule,6,3.741,0.0,588,0.751,98.5,1
one-cycle schedule,7,3.782,0.0,588,0.751,98.56,1
one-cycle schedule,8,4.239,0.0,686,0.876,98.62,1
one-cycle schedule,9,4.503,0.0,686,0.876,98.76,1
batches of 128,0,3.79,0.0,343,0.876,98.72,1
batches of 128,1,4.359,0.0,391,0.999,98.61,1
batches of 128,2,3.939,0.0,343,0.876,98.58,1
batches of 128,3,3.771,0.0,343,0.876,98.51,1
batches of 128,4,4.295,0.0,391,0.999,98.51,1
batches of 128,5,3.385,0.0,294,0.751,98.53,1
batches of 128,6,4.025,0.0,343,0.876,98.75,1
batches of 128,7,3.903,0.0,343,0.876,98.51,1
batches of 128,8,3.418,0.0,294,0.751,98.54,1
batches of 128,9,3.93,0.0,343,0.876,98.67,1
label smoothing,0,3.402,0.0,294,0.751,98.56,1
label smoothing,1,3.745,0.0,343,0.876,98.76,1
label smoothing,2,3.248,0.0,294,0.751,98.63,1
label smoothing,3,2.883,0.0,245,0.626,98.59,1
label smoothing,4,3.525,0.0,294,0.751,98.5,1
label smoothing,5,3.535,0.0,294,0.751,98.66,1
label smoothing,6,3.442,0.0,294,0.751,98.72,1
label smoothing,7,3.467,0.0,294,0.751,98.64,1
label smoothing,8,2.952,0.0,245,0.626,98.61,1
label smoothing,9,2.861,0.0,245,0.626,98.68,1
no dropout,0,3.388,0.0,294,0.751,98.69,1
no dropout,1,2.892,0.0,245,0.626,98.5,1
no dropout,2,3.419,0.0,294,0.751,98.74,1
no dropout,3,2.806,0.0,245,0.626,98.58,1
no dropout,4,2.758,0.0,245,0.626,98.52,1
no dropout,5,3.278,0.0,294,0.751,98.64,1
no dropout,6,3.213,0.0,294,0.751,98.84,1
no dropout,7,2.841,0.0,245,0.626,98.58,1
no dropout,8,3.456,0.0,294,0.751,98.95,1
no dropout,9,3.454,0.0,294,0.751,98.72,1
shorter schedule,0,2.393,0.0,196,0.501,98.63,1
shorter schedule,1,2.679,0.0,235,0.6,98.6,1
shorter schedule,2,2.235,0.0,196,0.501,98.62,1
shorter schedule,3,2.226,0.0,196,0.501,98.55,1
shorter schedule,4,2.314,0.0,196,0.501,98.56,1
shorter schedule,5,2.612,0.0,235,0.6,98.62,1
shorter schedule,6,2.71,0.0,235,0.6,98.64,1
shorter schedule,7,2.746,0.0,235,0.6,98.34,0
shorter schedule,8,2.472,0.0,196,0.501,98.56,1
shorter schedule,9,2.367,0.0,196,0.501,98.64,1
bfloat16,0,2.369,0.0,235,0.6,98.66,1
bfloat16,1,2.439,0.0,235,0.6,98.58,1
bfloat16,2,2.021,0.0,196,0.501,98.58,1
bfloat16,3,2.303,0.0,235,0.6,98.61,1
bfloat16,4,2.078,0.0,196,0.501,98.59,1
bfloat16,5,2.563,0.0,235,0.6,98.59,1
bfloat16,6,2.104,0.0,196,0.501,98.53,1
bfloat16,7,2.536,0.0,235,0.6,98.43,0
bfloat16,8,2.163,0.0,196,0.501,98.54,1
bfloat16,9,2.249,0.0,196,0.501,98.63,1
torch.compile,0,2.185,22.8,196,0.501,98.5,1
torch.compile,1,2.651,0.0,235,0.6,98.52,1
torch.compile,2,2.376,0.0,196,0.501,98.66,1
torch.compile,3,2.438,0.0,196,0.501,98.62,1
torch.compile,4,2.841,0.0,235,0.6,98.46,0
torch.compile,5,2.741,0.0,235,0.6,98.51,1
torch.compile,6,2.431,0.0,196,0.501,98.5,1
torch.compile,7,2.671,0.0,235,0.6,98.46,0
torch.compile,8,2.844,0.0,235,0.6,98.51,1
torch.compile,9,2.876,0.0,235,0.6,98.62,1
# command: python scripts/fast_trials.py --device cpu --seeds 10 --jobs 2
# with: --rungs 'plain loop to 99.0' 'bfloat16 to 99.0'
# date: 2026-11-27
# machine: AMD EPYC, one thread per trial; AVX512
# versions: Python 3.11.7, torch 2.15.0+cu132
plain loop to 99.0,0,63.705,0.0,3132,4.001,98.555,0
plain loop to 99.0,1,62.816,0.0,3132,4.001,98.555,0
plain loop to 99.0,2,69.418,0.0,3132,4.001,98.807,0
plain loop to 99.0,3,70.258,0.0,3132,4.001,98.595,0
plain loop to 99.0,4,61.056,0.0,3132,4.001,98.989,0
plain loop to 99.0,5,62.202,0.0,3132,4.001,98.898,0
plain loop to 99.0,6,63.033,0.0,3132,4.001,98.626,0
plain loop to 99.0,7,63.697,0.0,3132,4.001,98.525,0
plain loop to 99.0,8,66.807,0.0,3132,4.001,98.626,0
plain loop to 99.0,9,65.618,0.0,3132,4.001,98.585,0
bfloat16 to 99.0,0,6.88,0.0,588,1.502,99.03,1
bfloat16 to 99.0,1,7.234,0.0,637,1.627,99.03,1
bfloat16 to 99.0,2,6.677,0.0,588,1.502,99.02,1
bfloat16 to 99.0,3,7.768,0.0,686,1.752,99.08,1
bfloat16 to 99.0,4,7.366,0.0,686,1.752,99.02,1
bfloat16 to 99.0,5,6.843,0.0,637,1.627,99.01,1
bfloat16 to 99.0,6,7.301,0.0,637,1.627,99.171,1
bfloat16 to 99.0,7,7.72,0.0,686,1.752,99.08,1
bfloat16 to 99.0,8,8.164,0.0,686,1.752,99.03,1
bfloat16 to 99.0,9,6.821,0.0,588,1.502,99.01,1
"""

# endregion

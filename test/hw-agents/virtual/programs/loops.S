@ Loops of 100 rounds whose cycles follow from the timing tables by hand.
.syntax unified
.thumb
.text
.macro loop name
.global \name
.type \name, %function
.balign 4
\name:
  movs r3, #100
1:
.endm
.macro again
  subs r3, #1
  bne 1b
  bx lr
.endm

loop alu
  adds r0, r0, r1
  eors r0, r1
  lsls r0, r0, #1
again
loop multiply
  muls r0, r1, r0
again
loop loads
  ldr r1, [sp, #0]
  ldr r2, [sp, #4]
again
loop chained
  mov r1, sp
  ldr r1, [r1, #8]
  ldr r2, [r1, #0]
again
loop stores
  str r0, [sp, #0]
  str r1, [sp, #4]
again
loop stack
  push {r0, r1, r2}
  pop {r0, r1, r2}
again
.global calls
.type calls, %function
.balign 4
calls:
  push {r4, lr}
  movs r4, #100
1:
  bl 2f
  subs r4, #1
  bne 1b
  pop {r4, pc}
2:
  bx lr
.global runaway
.type runaway, %function
runaway:
  b runaway
.pool

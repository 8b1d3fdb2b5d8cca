/** How decoded x87, MMX and SSE instructions are written; held against GNU objdump -M intel. */
import { describe, expect, it } from 'vitest';
import { differences } from './testing-disassembly.ts';

/** One of each mnemonic and operand form, 32-bit code. */
const X87 = `
  d8 c3 | fadd st, st(3)
  d8 83 10 20 30 40 | fadd dword ptr [ebx+0x40302010]
  d8 8b 10 20 30 40 | fmul dword ptr [ebx+0x40302010]
  d8 c9 | fmul st, st(1)
  d8 d1 | fcom st(1)
  d8 55 10 | fcom dword ptr [ebp+0x10]
  d8 dc | fcomp st(4)
  d8 5d 10 | fcomp dword ptr [ebp+0x10]
  d8 e6 | fsub st, st(6)
  d8 65 10 | fsub dword ptr [ebp+0x10]
  d8 eb | fsubr st, st(3)
  d8 ab 10 20 30 40 | fsubr dword ptr [ebx+0x40302010]
  d8 b3 10 20 30 40 | fdiv dword ptr [ebx+0x40302010]
  d8 f1 | fdiv st, st(1)
  d8 f9 | fdivr st, st(1)
  d8 7d 10 | fdivr dword ptr [ebp+0x10]
  d9 c4 | fld st(4)
  d9 45 10 | fld dword ptr [ebp+0x10]
  d9 ce | fxch st(6)
  d9 55 10 | fst dword ptr [ebp+0x10]
  d9 d0 | fnop
  d9 5d 10 | fstp dword ptr [ebp+0x10]
  d9 d8 | fstp st(0)
  d9 e0 | fchs
  d9 e4 | ftst
  d9 65 10 | fldenv [ebp+0x10]
  d9 e1 | fabs
  d9 ed | fldln2
  d9 eb | fldpi
  d9 ab 10 20 30 40 | fldcw word ptr [ebx+0x40302010]
  d9 e9 | fldl2t
  d9 ec | fldlg2
  d9 ee | fldz
  d9 f0 | f2xm1
  d9 f2 | fptan
  d9 f5 | fprem1
  d9 f7 | fincstp
  d9 75 10 | fnstenv [ebp+0x10]
  d9 f1 | fyl2x
  d9 f4 | fxtract
  d9 f6 | fdecstp
  d9 f3 | fpatan
  d9 bb 10 20 30 40 | fnstcw word ptr [ebx+0x40302010]
  d9 f9 | fyl2xp1
  d9 fc | frndint
  d9 fe | fsin
  d9 fb | fsincos
  d9 f8 | fprem
  d9 fa | fsqrt
  d9 fd | fscale
  d9 ff | fcos
  da 45 10 | fiadd dword ptr [ebp+0x10]
  da c0 | fcmovb st, st(0)
  da 4d 10 | fimul dword ptr [ebp+0x10]
  da 55 10 | ficom dword ptr [ebp+0x10]
  da 5d 10 | ficomp dword ptr [ebp+0x10]
  da 65 10 | fisub dword ptr [ebp+0x10]
  da 6d 10 | fisubr dword ptr [ebp+0x10]
  da e9 | fucompp
  da 75 10 | fidiv dword ptr [ebp+0x10]
  da 7d 10 | fidivr dword ptr [ebp+0x10]
  db 45 10 | fild dword ptr [ebp+0x10]
  db 8b 10 20 30 40 | fisttp dword ptr [ebx+0x40302010]
  db 55 10 | fist dword ptr [ebp+0x10]
  db 5d 10 | fistp dword ptr [ebp+0x10]
  db e2 | fnclex
  db e3 | fninit
  db e0 | fneni
  db ee | fucomi st, st(6)
  db 6d 10 | fld tbyte ptr [ebp+0x10]
  db f3 | fcomi st, st(3)
  db 7d 10 | fstp tbyte ptr [ebp+0x10]
  dc 83 10 20 30 40 | fadd qword ptr [ebx+0x40302010]
  dc c1 | fadd st(1), st
  dc c9 | fmul st(1), st
  dc 4d 10 | fmul qword ptr [ebp+0x10]
  dc 55 10 | fcom qword ptr [ebp+0x10]
  dc 5d 10 | fcomp qword ptr [ebp+0x10]
  dc e6 | fsubr st(6), st
  dc 65 10 | fsub qword ptr [ebp+0x10]
  dc eb | fsub st(3), st
  dc ab 10 20 30 40 | fsubr qword ptr [ebx+0x40302010]
  dc b3 10 20 30 40 | fdiv qword ptr [ebx+0x40302010]
  dc f1 | fdivr st(1), st
  dc f9 | fdiv st(1), st
  dc 7d 10 | fdivr qword ptr [ebp+0x10]
  dd c4 | ffree st(4)
  dd 45 10 | fld qword ptr [ebp+0x10]
  dd 4d 10 | fisttp qword ptr [ebp+0x10]
  dd d7 | fst st(7)
  dd 55 10 | fst qword ptr [ebp+0x10]
  dd 5d 10 | fstp qword ptr [ebp+0x10]
  dd a3 10 20 30 40 | frstor [ebx+0x40302010]
  dd e1 | fucom st(1)
  dd e9 | fucomp st(1)
  dd 75 10 | fnsave [ebp+0x10]
  dd 7d 10 | fnstsw word ptr [ebp+0x10]
  de c5 | faddp st(5), st
  de 45 10 | fiadd word ptr [ebp+0x10]
  de cf | fmulp st(7), st
  de 4d 10 | fimul word ptr [ebp+0x10]
  de 55 10 | ficom word ptr [ebp+0x10]
  de 9b 10 20 30 40 | ficomp word ptr [ebx+0x40302010]
  de d9 | fcompp
  de e1 | fsubrp st(1), st
  de 65 10 | fisub word ptr [ebp+0x10]
  de ec | fsubp st(4), st
  de 6d 10 | fisubr word ptr [ebp+0x10]
  de f6 | fdivrp st(6), st
  de 75 10 | fidiv word ptr [ebp+0x10]
  de fb | fdivp st(3), st
  de bb 10 20 30 40 | fidivr word ptr [ebx+0x40302010]
  df 83 10 20 30 40 | fild word ptr [ebx+0x40302010]
  df c1 | ffreep st(1)
  df 4d 10 | fisttp word ptr [ebp+0x10]
  df 55 10 | fist word ptr [ebp+0x10]
  df 5d 10 | fistp word ptr [ebp+0x10]
  df 65 10 | fbld tbyte ptr [ebp+0x10]
  df ee | fucomip st, st(6)
  df 6d 10 | fild qword ptr [ebp+0x10]
  df f3 | fcomip st, st(3)
  df b3 10 20 30 40 | fbstp tbyte ptr [ebx+0x40302010]
  df bb 10 20 30 40 | fistp qword ptr [ebx+0x40302010]
`;

/** One of each mnemonic, 64-bit code. */
const SSE = `
  0f 10 c1 | movups xmm0, xmm1
  66 0f 10 44 24 10 | movupd xmm0, xmmword ptr [rsp+0x10]
  f2 0f 10 05 10 20 30 40 | movsd xmm0, qword ptr [rip+0x40302010] # 0x40303018
  f3 0f 10 83 10 20 30 40 | movss xmm0, dword ptr [rbx+0x40302010]
  0f 12 c1 | movhlps xmm0, xmm1
  0f 12 05 10 20 30 40 | movlps xmm0, qword ptr [rip+0x40302010] # 0x40303017
  66 0f 12 05 10 20 30 40 | movlpd xmm0, qword ptr [rip+0x40302010] # 0x40303018
  0f 14 83 10 20 30 40 | unpcklps xmm0, xmmword ptr [rbx+0x40302010]
  66 0f 14 c1 | unpcklpd xmm0, xmm1
  0f 15 44 24 10 | unpckhps xmm0, xmmword ptr [rsp+0x10]
  66 0f 15 05 10 20 30 40 | unpckhpd xmm0, xmmword ptr [rip+0x40302010] # 0x40303018
  0f 16 83 10 20 30 40 | movhps xmm0, qword ptr [rbx+0x40302010]
  0f 16 c9 | movlhps xmm1, xmm1
  66 0f 16 44 24 10 | movhpd xmm0, qword ptr [rsp+0x10]
  0f 28 05 10 20 30 40 | movaps xmm0, xmmword ptr [rip+0x40302010] # 0x40303017
  66 0f 28 83 10 20 30 40 | movapd xmm0, xmmword ptr [rbx+0x40302010]
  0f 2a c1 | cvtpi2ps xmm0, mm1
  66 0f 2a 44 24 10 | cvtpi2pd xmm0, qword ptr [rsp+0x10]
  f2 0f 2a 05 10 20 30 40 | cvtsi2sd xmm0, dword ptr [rip+0x40302010] # 0x40303018
  f3 0f 2a 83 10 20 30 40 | cvtsi2ss xmm0, dword ptr [rbx+0x40302010]
  0f 2b 44 24 10 | movntps xmmword ptr [rsp+0x10], xmm0
  66 0f 2b 44 24 10 | movntpd xmmword ptr [rsp+0x10], xmm0
  0f 2c 05 10 20 30 40 | cvttps2pi mm0, qword ptr [rip+0x40302010] # 0x40303017
  66 0f 2c 83 10 20 30 40 | cvttpd2pi mm0, xmmword ptr [rbx+0x40302010]
  f2 0f 2c c1 | cvttsd2si eax, xmm1
  f3 0f 2c 44 24 10 | cvttss2si eax, dword ptr [rsp+0x10]
  0f 2d 05 10 20 30 40 | cvtps2pi mm0, qword ptr [rip+0x40302010] # 0x40303017
  66 0f 2d 83 10 20 30 40 | cvtpd2pi mm0, xmmword ptr [rbx+0x40302010]
  f2 0f 2d c1 | cvtsd2si eax, xmm1
  f3 0f 2d 44 24 10 | cvtss2si eax, dword ptr [rsp+0x10]
  0f 2e 05 10 20 30 40 | ucomiss xmm0, dword ptr [rip+0x40302010] # 0x40303017
  66 0f 2e 83 10 20 30 40 | ucomisd xmm0, qword ptr [rbx+0x40302010]
  0f 2f c1 | comiss xmm0, xmm1
  66 0f 2f 44 24 10 | comisd xmm0, qword ptr [rsp+0x10]
  0f 50 c1 | movmskps eax, xmm1
  66 0f 50 c1 | movmskpd eax, xmm1
  0f 51 c1 | sqrtps xmm0, xmm1
  66 0f 51 44 24 10 | sqrtpd xmm0, xmmword ptr [rsp+0x10]
  f2 0f 51 05 10 20 30 40 | sqrtsd xmm0, qword ptr [rip+0x40302010] # 0x40303018
  f3 0f 51 83 10 20 30 40 | sqrtss xmm0, dword ptr [rbx+0x40302010]
  0f 52 c1 | rsqrtps xmm0, xmm1
  f3 0f 52 44 24 10 | rsqrtss xmm0, dword ptr [rsp+0x10]
  0f 53 05 10 20 30 40 | rcpps xmm0, xmmword ptr [rip+0x40302010] # 0x40303017
  f3 0f 53 83 10 20 30 40 | rcpss xmm0, dword ptr [rbx+0x40302010]
  0f 54 c1 | andps xmm0, xmm1
  66 0f 54 44 24 10 | andpd xmm0, xmmword ptr [rsp+0x10]
  0f 55 05 10 20 30 40 | andnps xmm0, xmmword ptr [rip+0x40302010] # 0x40303017
  66 0f 55 83 10 20 30 40 | andnpd xmm0, xmmword ptr [rbx+0x40302010]
  0f 56 c1 | orps xmm0, xmm1
  66 0f 56 44 24 10 | orpd xmm0, xmmword ptr [rsp+0x10]
  0f 57 05 10 20 30 40 | xorps xmm0, xmmword ptr [rip+0x40302010] # 0x40303017
  66 0f 57 83 10 20 30 40 | xorpd xmm0, xmmword ptr [rbx+0x40302010]
  0f 58 c1 | addps xmm0, xmm1
  66 0f 58 44 24 10 | addpd xmm0, xmmword ptr [rsp+0x10]
  f2 0f 58 05 10 20 30 40 | addsd xmm0, qword ptr [rip+0x40302010] # 0x40303018
  f3 0f 58 83 10 20 30 40 | addss xmm0, dword ptr [rbx+0x40302010]
  0f 59 c1 | mulps xmm0, xmm1
  66 0f 59 44 24 10 | mulpd xmm0, xmmword ptr [rsp+0x10]
  f2 0f 59 05 10 20 30 40 | mulsd xmm0, qword ptr [rip+0x40302010] # 0x40303018
  f3 0f 59 83 10 20 30 40 | mulss xmm0, dword ptr [rbx+0x40302010]
  0f 5a c1 | cvtps2pd xmm0, xmm1
  66 0f 5a 44 24 10 | cvtpd2ps xmm0, xmmword ptr [rsp+0x10]
  f2 0f 5a 05 10 20 30 40 | cvtsd2ss xmm0, qword ptr [rip+0x40302010] # 0x40303018
  f3 0f 5a 83 10 20 30 40 | cvtss2sd xmm0, dword ptr [rbx+0x40302010]
  0f 5b c1 | cvtdq2ps xmm0, xmm1
  66 0f 5b 44 24 10 | cvtps2dq xmm0, xmmword ptr [rsp+0x10]
  f3 0f 5b 05 10 20 30 40 | cvttps2dq xmm0, xmmword ptr [rip+0x40302010] # 0x40303018
  0f 5c 83 10 20 30 40 | subps xmm0, xmmword ptr [rbx+0x40302010]
  66 0f 5c c1 | subpd xmm0, xmm1
  f2 0f 5c 44 24 10 | subsd xmm0, qword ptr [rsp+0x10]
  f3 0f 5c 05 10 20 30 40 | subss xmm0, dword ptr [rip+0x40302010] # 0x40303018
  0f 5d 83 10 20 30 40 | minps xmm0, xmmword ptr [rbx+0x40302010]
  66 0f 5d c1 | minpd xmm0, xmm1
  f2 0f 5d 44 24 10 | minsd xmm0, qword ptr [rsp+0x10]
  f3 0f 5d 05 10 20 30 40 | minss xmm0, dword ptr [rip+0x40302010] # 0x40303018
  0f 5e 83 10 20 30 40 | divps xmm0, xmmword ptr [rbx+0x40302010]
  66 0f 5e c1 | divpd xmm0, xmm1
  f2 0f 5e 44 24 10 | divsd xmm0, qword ptr [rsp+0x10]
  f3 0f 5e 05 10 20 30 40 | divss xmm0, dword ptr [rip+0x40302010] # 0x40303018
  0f 5f 83 10 20 30 40 | maxps xmm0, xmmword ptr [rbx+0x40302010]
  66 0f 5f c1 | maxpd xmm0, xmm1
  f2 0f 5f 44 24 10 | maxsd xmm0, qword ptr [rsp+0x10]
  f3 0f 5f 05 10 20 30 40 | maxss xmm0, dword ptr [rip+0x40302010] # 0x40303018
  0f 60 83 10 20 30 40 | punpcklbw mm0, dword ptr [rbx+0x40302010]
  0f 61 c1 | punpcklwd mm0, mm1
  0f 62 44 24 10 | punpckldq mm0, dword ptr [rsp+0x10]
  0f 63 05 10 20 30 40 | packsswb mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f 64 83 10 20 30 40 | pcmpgtb mm0, qword ptr [rbx+0x40302010]
  0f 65 c1 | pcmpgtw mm0, mm1
  0f 66 44 24 10 | pcmpgtd mm0, qword ptr [rsp+0x10]
  0f 67 05 10 20 30 40 | packuswb mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f 68 83 10 20 30 40 | punpckhbw mm0, qword ptr [rbx+0x40302010]
  0f 69 c1 | punpckhwd mm0, mm1
  0f 6a 44 24 10 | punpckhdq mm0, qword ptr [rsp+0x10]
  0f 6b 05 10 20 30 40 | packssdw mm0, qword ptr [rip+0x40302010] # 0x40303017
  66 0f 6c 83 10 20 30 40 | punpcklqdq xmm0, xmmword ptr [rbx+0x40302010]
  66 0f 6d c1 | punpckhqdq xmm0, xmm1
  0f 6e 44 24 10 | movd mm0, dword ptr [rsp+0x10]
  0f 6f 05 10 20 30 40 | movq mm0, qword ptr [rip+0x40302010] # 0x40303017
  66 0f 6f 83 10 20 30 40 | movdqa xmm0, xmmword ptr [rbx+0x40302010]
  f3 0f 6f c1 | movdqu xmm0, xmm1
  0f 70 44 24 10 20 | pshufw mm0, qword ptr [rsp+0x10], 0x20
  66 0f 70 05 10 20 30 40 50 | pshufd xmm0, xmmword ptr [rip+0x40302010], 0x50 # 0x40303019
  f2 0f 70 83 10 20 30 40 50 | pshuflw xmm0, xmmword ptr [rbx+0x40302010], 0x50
  f3 0f 70 c1 10 | pshufhw xmm0, xmm1, 0x10
  0f 71 d1 10 | psrlw mm1, 0x10
  0f 71 e1 10 | psraw mm1, 0x10
  0f 71 f1 10 | psllw mm1, 0x10
  0f 72 d1 10 | psrld mm1, 0x10
  0f 72 e1 10 | psrad mm1, 0x10
  0f 72 f1 10 | pslld mm1, 0x10
  0f 73 d1 10 | psrlq mm1, 0x10
  0f 73 f1 10 | psllq mm1, 0x10
  66 0f 73 d9 10 | psrldq xmm1, 0x10
  66 0f 73 f9 10 | pslldq xmm1, 0x10
  0f 74 83 10 20 30 40 | pcmpeqb mm0, qword ptr [rbx+0x40302010]
  0f 75 c1 | pcmpeqw mm0, mm1
  0f 76 44 24 10 | pcmpeqd mm0, qword ptr [rsp+0x10]
  0f 77 | emms
  0f c2 83 10 20 30 40 50 | cmpps xmm0, xmmword ptr [rbx+0x40302010], 0x50
  66 0f c2 c1 10 | cmppd xmm0, xmm1, 0x10
  f2 0f c2 44 24 10 20 | cmpsd xmm0, qword ptr [rsp+0x10], 0x20
  f3 0f c2 05 10 20 30 40 50 | cmpss xmm0, dword ptr [rip+0x40302010], 0x50 # 0x40303019
  0f c4 83 10 20 30 40 50 | pinsrw mm0, word ptr [rbx+0x40302010], 0x50
  0f c5 c1 10 | pextrw eax, mm1, 0x10
  0f c6 44 24 10 20 | shufps xmm0, xmmword ptr [rsp+0x10], 0x20
  66 0f c6 05 10 20 30 40 50 | shufpd xmm0, xmmword ptr [rip+0x40302010], 0x50 # 0x40303019
  0f d4 83 10 20 30 40 | paddq mm0, qword ptr [rbx+0x40302010]
  0f d5 c1 | pmullw mm0, mm1
  f2 0f d6 c1 | movdq2q mm0, xmm1
  f3 0f d6 c1 | movq2dq xmm0, mm1
  0f d7 c1 | pmovmskb eax, mm1
  0f d8 c1 | psubusb mm0, mm1
  0f d9 44 24 10 | psubusw mm0, qword ptr [rsp+0x10]
  0f da 05 10 20 30 40 | pminub mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f db 83 10 20 30 40 | pand mm0, qword ptr [rbx+0x40302010]
  0f dc c1 | paddusb mm0, mm1
  0f dd 44 24 10 | paddusw mm0, qword ptr [rsp+0x10]
  0f de 05 10 20 30 40 | pmaxub mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f df 83 10 20 30 40 | pandn mm0, qword ptr [rbx+0x40302010]
  0f e0 c1 | pavgb mm0, mm1
  0f e3 44 24 10 | pavgw mm0, qword ptr [rsp+0x10]
  0f e4 05 10 20 30 40 | pmulhuw mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f e5 83 10 20 30 40 | pmulhw mm0, qword ptr [rbx+0x40302010]
  66 0f e6 c1 | cvttpd2dq xmm0, xmm1
  f2 0f e6 44 24 10 | cvtpd2dq xmm0, xmmword ptr [rsp+0x10]
  f3 0f e6 05 10 20 30 40 | cvtdq2pd xmm0, qword ptr [rip+0x40302010] # 0x40303018
  0f e7 83 10 20 30 40 | movntq qword ptr [rbx+0x40302010], mm0
  66 0f e7 44 24 10 | movntdq xmmword ptr [rsp+0x10], xmm0
  0f e8 44 24 10 | psubsb mm0, qword ptr [rsp+0x10]
  0f e9 05 10 20 30 40 | psubsw mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f ea 83 10 20 30 40 | pminsw mm0, qword ptr [rbx+0x40302010]
  0f eb c1 | por mm0, mm1
  0f ec 44 24 10 | paddsb mm0, qword ptr [rsp+0x10]
  0f ed 05 10 20 30 40 | paddsw mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f ee 83 10 20 30 40 | pmaxsw mm0, qword ptr [rbx+0x40302010]
  0f ef c1 | pxor mm0, mm1
  0f f4 44 24 10 | pmuludq mm0, qword ptr [rsp+0x10]
  0f f5 05 10 20 30 40 | pmaddwd mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f f6 83 10 20 30 40 | psadbw mm0, qword ptr [rbx+0x40302010]
  0f f7 c1 | maskmovq mm0, mm1
  66 0f f7 c1 | maskmovdqu xmm0, xmm1
  0f f8 05 10 20 30 40 | psubb mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f f9 83 10 20 30 40 | psubw mm0, qword ptr [rbx+0x40302010]
  0f fa c1 | psubd mm0, mm1
  0f fb 44 24 10 | psubq mm0, qword ptr [rsp+0x10]
  0f fc 05 10 20 30 40 | paddb mm0, qword ptr [rip+0x40302010] # 0x40303017
  0f fd 83 10 20 30 40 | paddw mm0, qword ptr [rbx+0x40302010]
  0f fe c1 | paddd mm0, mm1
`;

describe('[SDM 2A §3.1.1.3] Texts of vector and floating-point instructions', () => {
  it('x87', () => {
    expect(differences(32, X87)).toEqual([]);
  });

  it('MMX, SSE and SSE2', () => {
    expect(differences(64, SSE)).toEqual([]);
  });
});

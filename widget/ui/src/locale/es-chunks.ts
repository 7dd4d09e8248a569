// The Spanish that only a chunk needs comes with it; the other languages are
// chunks themselves and hold everything.

export const forms = {
  yourName: 'Nombre',
  yourEmail: 'Correo electrónico',
  yourRut: 'RUT',
  yourPhone: 'Teléfono',
  optional: 'opcional',
  startChat: 'Comenzar',
  or: 'o',
  with: 'Continuar con',
  popup: 'El navegador bloqueó la ventana. Permítela e inténtalo de nuevo.',
  loginFailed: 'No pudimos confirmar tu cuenta. Inténtalo de nuevo.',
  missing: 'Falta este dato.',
  badEmail: 'Revisa el correo electrónico.',
  badRut: 'Revisa el RUT, número y dígito verificador.',
  submit: 'Enviar mensaje',
  another: 'Enviar otro mensaje',
  slow: 'Demasiados intentos. Espera un momento.',
  wentWrong: 'Algo no funcionó. Inténtalo de nuevo.',
}

export const extras = {
  editText: 'Editar',
  wentWrong: 'Algo no funcionó. Inténtalo de nuevo.',
  retry: 'Reintentar',
  discard: 'Descartar',
  cancel: 'Cancelar',
  tooLong: 'El mensaje es demasiado largo.',
  attach: 'Adjuntar un archivo',
  fileFailed: 'El archivo no se envió. Puede ser demasiado grande.',
  downloadFile: 'Descargar',
  tooLarge: 'El archivo es demasiado grande. El máximo es',
  badType: 'No se aceptan archivos de este tipo.',
  dismiss: 'Descartar la notificación',
  replyHere: 'Responder…',
  mute: 'Silenciar',
  unmute: 'Activar el sonido',
}

export const end = {
  cancel: 'Cancelar',
  wentWrong: 'Algo no funcionó. Inténtalo de nuevo.',
  closedBy: 'cerró la conversación.',
  wasClosed: 'La conversación se cerró.',
  ended: 'Terminaste la conversación.',
  anew: 'Escribir de nuevo',
  endChat: 'Terminar la conversación',
  good: 'Bien',
  bad: 'Mal',
  yourComment: 'Comentario',
}

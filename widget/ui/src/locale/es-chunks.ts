// The Spanish that only a chunk needs comes with it; the other languages are
// chunks themselves and hold everything.

export const forms = {
  name: 'Nombre',
  email: 'Correo electrónico',
  rut: 'RUT',
  phone: 'Teléfono',
  optional: 'opcional',
  start: 'Comenzar',
  or: 'o',
  with: 'Continuar con',
  popup: 'El navegador bloqueó la ventana. Permítela e inténtalo de nuevo.',
  loginFailed: 'No pudimos confirmar tu cuenta. Inténtalo de nuevo.',
  required: 'Falta este dato.',
  badEmail: 'Revisa el correo electrónico.',
  badRut: 'Revisa el RUT, número y dígito verificador.',
  submit: 'Enviar mensaje',
  another: 'Enviar otro mensaje',
  slow: 'Demasiados intentos. Espera un momento.',
  error: 'Algo no funcionó. Inténtalo de nuevo.',
}

export const extras = {
  edit: 'Editar',
  error: 'Algo no funcionó. Inténtalo de nuevo.',
  retry: 'Reintentar',
  remove: 'Descartar',
  cancel: 'Cancelar',
  tooLong: 'El mensaje es demasiado largo.',
  attach: 'Adjuntar un archivo',
  fileFailed: 'El archivo no se envió. Puede ser demasiado grande.',
  download: 'Descargar',
  tooLarge: 'El archivo es demasiado grande. El máximo es',
  badType: 'No se aceptan archivos de este tipo.',
  dismiss: 'Descartar la notificación',
  reply: 'Responder…',
  mute: 'Silenciar',
  unmute: 'Activar el sonido',
}

export const end = {
  cancel: 'Cancelar',
  error: 'Algo no funcionó. Inténtalo de nuevo.',
  closedBy: 'cerró la conversación.',
  closed: 'La conversación se cerró.',
  ended: 'Terminaste la conversación.',
  anew: 'Escribir de nuevo',
  end: 'Terminar la conversación',
  good: 'Bien',
  bad: 'Mal',
  comment: 'Comentario',
}
